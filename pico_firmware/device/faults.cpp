#include "device/faults.h"

#include <cstdarg>
#include <cstdint>
#include <cstdio>

#include "device/crash_record.h"
#include "device/stack.h"
#include "hardware/sync.h"
#include "hardware/watchdog.h"
#include "pico/platform.h"

extern "C" char __flash_binary_start[], __etext[], __data_start__[], __data_end__[];

namespace tflm_hil {
namespace {

// What the processor stacks when it takes an exception (ARMv6-M Architecture Reference Manual, B1.5.6).
struct Frame {
  uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};
enum Register { kR12 = 12, kSp, kLr, kPc, kXpsr };

bool IsCode(uint32_t address) {
  const auto within = [address](const char* first, const char* end) {
    return address >= reinterpret_cast<uintptr_t>(first) && address < reinterpret_cast<uintptr_t>(end);
  };
  // Some code is copied to RAM with the data.
  return within(__flash_binary_start, __etext) || within(__data_start__, __data_end__);
}

// Whether the instruction before that address is a call: BL has 32 bits, BLX to a register 16.
bool FollowsCall(uint32_t address) {
  const auto* code = reinterpret_cast<const uint16_t*>(static_cast<uintptr_t>(address));
  const bool bl = (code[-2] & 0xF800u) == 0xF000u && (code[-1] & 0xD000u) == 0xD000u;
  const bool blx = (code[-1] & 0xFF87u) == 0x4780u;
  return bl || blx;
}

// There are no frame pointers to follow. What lies on the stack and points behind a call in the program is, nearly
// always, a return address; what is left over from earlier calls can be among them.
void CollectBacktrace(CrashRecord& record, uint32_t sp) {
  for (; InStack(sp, sizeof(uint32_t)) && record.backtrace_count < CrashRecord::kBacktrace; sp += sizeof(uint32_t)) {
    const uint32_t word = *reinterpret_cast<const uint32_t*>(static_cast<uintptr_t>(sp));
    const uint32_t address = word & ~1u;
    if ((word & 1u) == 0 || !IsCode(address) || !IsCode(address - 4) || !FollowsCall(address)) continue;
    record.backtrace[record.backtrace_count++] = address;
  }
}

// `sp` points to the frame; `callee_saved` to r4 to r11, or is null where nobody saved them.
void CollectFrame(CrashRecord& record, uint32_t sp, const uint32_t* callee_saved) {
  record.registers[kSp] = sp;
  if (callee_saved != nullptr) {
    for (size_t i = 0; i < 8; ++i) record.registers[4 + i] = callee_saved[i];
  }
  if (!InStack(sp, sizeof(Frame))) return;
  const auto& frame = *reinterpret_cast<const Frame*>(static_cast<uintptr_t>(sp));
  record.has_registers = true;
  record.registers[0] = frame.r0;
  record.registers[1] = frame.r1;
  record.registers[2] = frame.r2;
  record.registers[3] = frame.r3;
  record.registers[kR12] = frame.r12;
  record.registers[kLr] = frame.lr;
  record.registers[kPc] = frame.pc;
  record.registers[kXpsr] = frame.xpsr;
  // Bit 9 tells of a word that aligned the frame.
  record.registers[kSp] = sp + sizeof(Frame) + ((frame.xpsr & 0x200u) != 0 ? 4 : 0);
  CollectBacktrace(record, record.registers[kSp]);
}

[[noreturn]] void RestartAfterCrash(CrashRecord& record) {
  record.stack_left = static_cast<uint32_t>(StackLeft());
  SealCrash();
  watchdog_reboot(0, 0, 0);
  for (;;) __wfi();
}

uint32_t ProcessStackPointer() {
  uint32_t sp;
  asm volatile("mrs %0, psp" : "=r"(sp));
  return sp;
}

}  // namespace

void RecordHang() {
  CrashRecord& record = BeginCrash("watchdog", "no sign of life for 6 s");
  CollectFrame(record, ProcessStackPointer(), nullptr);
  RestartAfterCrash(record);
}

void Crash(const char* reason, const char* detail) {
  save_and_disable_interrupts();
  CrashRecord& record = BeginCrash(reason, detail);
  record.has_registers = true;
  record.registers[kSp] = ProcessStackPointer();
  record.registers[kPc] = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(__builtin_return_address(0))) & ~1u;
  CollectBacktrace(record, record.registers[kSp]);
  RestartAfterCrash(record);
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
  const bool in_thread = (exc_return & 4u) != 0;
  const bool overflow = in_thread && (StackOverflowed() || !InStack(frame_sp, sizeof(Frame)));
  CrashRecord& record = BeginCrash(overflow ? "stack overflow" : "HardFault", in_thread ? "" : "in an interrupt");
  CollectFrame(record, frame_sp, callee_saved);
  RestartAfterCrash(record);
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
