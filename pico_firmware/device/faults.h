// From a fault to a crash record and a restart.
#pragma once

namespace tflm_hil {

// From an interrupt: records where the program was that does not go on, and restarts.
[[noreturn]] void RecordHang();

// Records a crash at the place of the call, and restarts. `detail` may be empty.
[[noreturn]] void Crash(const char* reason, const char* detail);

// Crashes if the stack has overflowed. Where no MPU traps that, it is looked for after whatever needs much stack.
void CheckStack();

}  // namespace tflm_hil
