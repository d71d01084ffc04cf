// The stack of everything but interrupts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tflm_hil {

// TFLM needs 1.6 KB of it, a log line with floating point 0.6 KB.
constexpr size_t kStackBytes = 8 * 1024;
// Below the stack. Where there is an MPU it cannot be written; where there is none, what is in it tells.
constexpr size_t kStackGuardBytes = 256;

// Runs the rest of the program on its own stack, with the processor's process stack pointer. Interrupts and fault
// handlers keep the main one, so that an overflow here leaves them one that works.
[[noreturn]] void RunOnOwnStack(void (*rest)());

// Whether the guard has been written to.
bool StackOverflowed();

// Bytes of the stack that were never used.
size_t StackLeft();

// Whether `size` bytes at that address lie within the stack.
bool InStack(uint32_t address, size_t size);
uint32_t StackStart();
uint32_t StackEnd();

}  // namespace tflm_hil
