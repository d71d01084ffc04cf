#include "device/faults.h"

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>

#include "device/backtrace.h"
#include "device/crash_record.h"
#include "device/stack.h"
#include "hardware/regs/addressmap.h"
#include "hardware/sync.h"
#include "hardware/watchdog.h"
#include "pico/platform.h"

namespace tflm_hil {
namespace {

// What the processor stacks when it takes an exception (ARMv6-M Architecture Reference Manual, B1.5.6).
struct Frame {
  uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};
// ARMv8-M with floating point in use: sixteen registers, FPSCR and a reserved word more.
constexpr uint32_t kFloatFrameBytes = sizeof(Frame) + 18 * sizeof(uint32_t);
constexpr uint32_t kPlainFrame = 1u << 4;   // of EXC_RETURN
constexpr uint32_t kProcessStack = 1u << 2;

enum Register { kR12 = 12, kSp, kLr, kPc, kXpsr };

void Set(CrashRecord& record, unsigned number, uint32_t value) {
  record.registers[number] = value;
  record.known |= 1u << number;
}

bool InRam(uint32_t address, size_t size) {
  return address % 4 == 0 && address >= SRAM_BASE && address <= SRAM_END - size;
}

uint32_t ProcessStackPointer() {
  uint32_t sp;
  asm volatile("mrs %0, psp" : "=r"(sp));
  return sp;
}

uint32_t ExceptionNumber() {
  uint32_t ipsr;
  asm volatile("mrs %0, ipsr" : "=r"(ipsr));
  return ipsr & 0x1FF;
}

// `sp` points to the frame; `callee_saved` to r4 to r11, or is null where nobody saved them.
void CollectFrame(CrashRecord& record, uint32_t sp, uint32_t exc_return, const uint32_t* callee_saved) {
  const bool in_thread = (exc_return & kProcessStack) != 0;
  if (callee_saved != nullptr) {
    for (unsigned i = 0; i < 8; ++i) Set(record, 4 + i, callee_saved[i]);
  }
  uint32_t behind = sp;
  if (InRam(sp, sizeof(Frame))) {
    const auto& frame = *reinterpret_cast<const Frame*>(static_cast<uintptr_t>(sp));
    Set(record, 0, frame.r0);
    Set(record, 1, frame.r1);
    Set(record, 2, frame.r2);
    Set(record, 3, frame.r3);
    Set(record, kR12, frame.r12);
    Set(record, kLr, frame.lr);
    Set(record, kPc, frame.pc);
    Set(record, kXpsr, frame.xpsr);
    behind += (exc_return & kPlainFrame) != 0 ? sizeof(Frame) : kFloatFrameBytes;
    // Bit 9 tells of a word that aligned the frame.
    if ((frame.xpsr & 0x200u) != 0) behind += sizeof(uint32_t);
  }
  Set(record, kSp, behind);
  // Below its start nothing of the stack is left to look at.
  CollectBacktrace(record, std::max(in_thread ? behind : ProcessStackPointer(), StackStart()));
}

#if !PICO_RP2040
// ARMv8-M stops at PSPLIM and says so; the frame that had no room was not stacked.
bool StackLimitHit() {
  constexpr uintptr_t kConfigurableFaultStatus = 0xE000ED28;
  constexpr uint32_t kStkof = 1u << 20;
  return (*reinterpret_cast<volatile uint32_t*>(kConfigurableFaultStatus) & kStkof) != 0;
}
#else
bool StackLimitHit() { return false; }
#endif

[[noreturn]] void RestartAfterCrash(CrashRecord& record, bool overflow) {
  record.stack_left = overflow ? 0 : static_cast<uint32_t>(StackLeft());
  SealCrash();
  watchdog_reboot(0, 0, 0);
  for (;;) __wfi();
}

}  // namespace

void RecordHang() {
  CrashRecord& record = BeginCrash("watchdog", "no sign of life for 6 s");
  CollectFrame(record, ProcessStackPointer(), kProcessStack | kPlainFrame, nullptr);
  RestartAfterCrash(record, false);
}

void Crash(const char* reason, const char* detail) {
  save_and_disable_interrupts();
  CrashRecord& record = BeginCrash(reason, detail[0] == '\0' && ExceptionNumber() != 0 ? "in an interrupt" : detail);
  const auto caller = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
  Set(record, kPc, caller & ~1u);
  Set(record, kSp, ProcessStackPointer());
  CollectBacktrace(record, std::max(ProcessStackPointer(), StackStart()));
  RestartAfterCrash(record, StackOverflowed());
}

void CheckStack() {
  if (StackOverflowed()) Crash("stack overflow", "found afterwards");
}

}  // namespace tflm_hil

extern "C" {

// `frame_sp`: where the frame was stacked. `exc_return`: bit 2 tells which stack that is.
[[noreturn]] __attribute__((used)) void TflmHilHardFault(uint32_t frame_sp, uint32_t exc_return,
                                                         const uint32_t* callee_saved) {
  using namespace tflm_hil;
  const bool in_thread = (exc_return & kProcessStack) != 0;
  const bool limit = StackLimitHit();
  const bool overflow = limit || (in_thread && (StackOverflowed() || !InStack(frame_sp, sizeof(Frame))));
  CrashRecord& record = BeginCrash(overflow ? "stack overflow" : "HardFault", in_thread ? "" : "in an interrupt");
  if (limit) {
    CollectBacktrace(record, std::max(frame_sp, StackStart()));
  } else {
    CollectFrame(record, frame_sp, exc_return, callee_saved);
  }
  RestartAfterCrash(record, overflow);
}

// ARMv6-M has no 32-bit stores of high registers, hence the detour.
__attribute__((naked)) void isr_hardfault() {
  asm volatile(
      "movs r0, #4\n"
      "mov r1, lr\n"
      "tst r0, r1\n"
      "bne 1f\n"
      "mrs r0, msp\n"
      "b 2f\n"
      "1: mrs r0, psp\n"
      "2:\n"
      "mov r2, r10\n"
      "mov r3, r11\n"
      "push {r2, r3}\n"
      "mov r2, r8\n"
      "mov r3, r9\n"
      "push {r2, r3}\n"
      "push {r4, r5, r6, r7}\n"
      "mov r2, sp\n"
      "ldr r3, =TflmHilHardFault\n"
      "bx r3\n");
}

// pico-sdk's panic(), and hard_assert() through it.
[[noreturn]] void TflmHilPanic(const char* format, ...) {
  static char words[sizeof tflm_hil::CrashRecord::detail];
  if (format == nullptr) format = "";
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  tflm_hil::Crash("panic", words);
}

[[noreturn]] void __assert_func(const char* file, int line, const char*, const char* expression) {
  static char words[sizeof tflm_hil::CrashRecord::detail];
  const char* name = file;
  for (const char* c = file; *c != '\0'; ++c) {
    if (*c == '/') name = c + 1;
  }
  snprintf(words, sizeof words, "%s:%d: %s", name, line, expression);
  tflm_hil::Crash("assertion failed", words);
}

[[noreturn]] void abort() { tflm_hil::Crash("abort", ""); }
[[noreturn]] void _exit(int) { tflm_hil::Crash("exit", ""); }
void __cxa_pure_virtual() { tflm_hil::Crash("pure virtual call", ""); }
}
