// Who this board is and what it runs.
#pragma once

namespace tflm_hil {

// Once at start-up, before USB: reads the flash chip's unique id.
void ReadIdentity();

// The flash chip's unique id, 16 hexadecimal digits.
const char* SerialNumber();
// The first 16 digits of the linker's build id: it changes whenever a byte of the image does.
const char* BuildId();
const char* ChipName();
const char* CompilerName();

}  // namespace tflm_hil
