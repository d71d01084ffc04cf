#include "device/stack.h"

#include "hardware/structs/mpu.h"
#include "hardware/sync.h"

extern "C" char __StackTop;

namespace tflm_hil {
namespace {

constexpr uint32_t kPaint = 0xC5C5C5C5;
constexpr size_t kWords = (kStackGuardBytes + kStackBytes) / sizeof(uint32_t);
constexpr size_t kGuardWords = kStackGuardBytes / sizeof(uint32_t);

// Not cleared at start-up, so that a run can see how the one before it ended. An MPU region begins at a multiple of its
// size.
__attribute__((section(".thread_stack"), aligned(kStackGuardBytes))) volatile uint32_t stack[kWords];

uint32_t AddressOf(const volatile uint32_t* place) { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(place)); }

void Paint() {
  for (size_t i = 0; i < kWords; ++i) stack[i] = kPaint;
}

void Guard() {
#if PICO_RP2040
  // ARMv6-M: 256 bytes is the least; read-only is enough, and lets the guard be looked at.
  mpu_hw->rbar = AddressOf(stack) | M0PLUS_MPU_RBAR_VALID_BITS | 0u;
  constexpr uint32_t kSize256 = 7u << M0PLUS_MPU_RASR_SIZE_LSB;
  constexpr uint32_t kReadOnlyNeverExecute = 6u << 24 | 1u << 28;
  mpu_hw->rasr = kReadOnlyNeverExecute | kSize256 | M0PLUS_MPU_RASR_ENABLE_BITS;
  mpu_hw->ctrl = M0PLUS_MPU_CTRL_PRIVDEFENA_BITS | M0PLUS_MPU_CTRL_ENABLE_BITS;
  __dsb();
  __isb();
#else
  // ARMv8-M has a limit register for that.
  asm volatile("msr psplim, %0" : : "r"(AddressOf(stack + kGuardWords)));
#endif
}

}  // namespace

void RunOnOwnStack(void (*rest)()) {
  Paint();
  Guard();
  asm volatile(
      "msr psp, %0\n"
      "movs r0, #2\n"  // CONTROL.SPSEL: thread mode uses the process stack pointer
      "msr control, r0\n"
      "isb\n"
      "msr msp, %2\n"  // what main() pushed is not needed any more, and left it unaligned
      "blx %1\n"
      :
      : "r"(AddressOf(stack + kWords)), "r"(rest), "r"(&__StackTop)
      : "r0", "memory");
  __builtin_unreachable();
}

bool StackOverflowed() {
  for (size_t i = 0; i < kGuardWords; ++i) {
    if (stack[i] != kPaint) return true;
  }
  return false;
}

size_t StackLeft() {
  size_t untouched = kGuardWords;
  while (untouched < kWords && stack[untouched] == kPaint) ++untouched;
  return (untouched - kGuardWords) * sizeof(uint32_t);
}

bool InStack(uint32_t address, size_t size) {
  return address >= StackStart() && address <= StackEnd() && size <= StackEnd() - address && address % 4 == 0;
}

uint32_t StackStart() { return AddressOf(stack + kGuardWords); }
uint32_t StackEnd() { return AddressOf(stack + kWords); }

}  // namespace tflm_hil
