// What lies where in flash. The harness knows the same numbers: harness/flash.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tflm_hil {

// 1 MiB for the firmware, which cmake/memory.ld asserts; the pack; and two sectors that flashing leaves alone.
inline const uint8_t* const kPackAddress = reinterpret_cast<const uint8_t*>(uintptr_t{0x10100000});
constexpr size_t kPackBytes = 1024 * 1024 - 8 * 1024;

}  // namespace tflm_hil
