#include "device/crash_record.h"

#include <cstring>

#include "core/crc32.h"
#include "device/backtrace.h"
#include "device/stack.h"
#include "hardware/structs/watchdog.h"
#include "hardware/watchdog.h"
#include "pico/platform.h"

extern "C" char __flash_binary_start[], __flash_binary_end[];
extern "C" const uint32_t __build_id_start[];

namespace tflm_hil {
namespace {

// Start-up clears .bss; this section it leaves alone. After power-on it holds anything, hence the seals. The record of
// another image is none: its addresses mean something else.
constexpr uint32_t kCrashSeal = 0x48435243;    // "CRCH"
constexpr uint32_t kRunningSeal = 0x474E5552;  // "RUNG"
// Behind the note's three words and the name.
constexpr size_t kBuildIdWord = 4;

// A frame that ran into the guard was not written any more, so the stack seems to have had this much left.
constexpr size_t kNearlyNothing = 512;

struct Kept {
  uint32_t seal;
  uint32_t crc;
  CrashRecord record;
};
struct Running {
  uint32_t seal;
  char command[sizeof CrashRecord::command];
  const char* op;  // a literal
  uint32_t log_next;
  char log[sizeof CrashRecord::log];  // a ring
};

__attribute__((section(".uninitialized_data.crash"))) Kept kept;
__attribute__((section(".uninitialized_data.running"))) Running running;

CrashRecord last;
bool has_last = false;

uint32_t Sealed(uint32_t seal) { return seal ^ __build_id_start[kBuildIdWord]; }

uint32_t CrcOf(const CrashRecord& record) {
  return Crc32(reinterpret_cast<const uint8_t*>(&record), sizeof record);
}

template <size_t kSize>
void Copy(char (&to)[kSize], const char* from) {
  size_t size = 0;
  while (size + 1 < kSize && from[size] != '\0') {
    to[size] = from[size];
    ++size;
  }
  std::memset(to + size, 0, kSize - size);
}

// What is kept may be anything: a pointer that was overwritten must not crash the crash.
bool IsLiteral(const char* text) { return text >= __flash_binary_start && text < __flash_binary_end; }

void CopyLog(CrashRecord& record) {
  size_t size = 0;
  for (size_t i = 0; i < sizeof running.log; ++i) {
    const char c = running.log[(running.log_next + i) % sizeof running.log];
    if (c != '\0' && size + 1 < sizeof record.log) record.log[size++] = c;
  }
}

}  // namespace

void TakeOverCrash() {
  const bool by_timeout = (watchdog_hw->reason & WATCHDOG_REASON_TIMER_BITS) != 0;
  if (kept.seal == Sealed(kCrashSeal) && kept.crc == CrcOf(kept.record)) {
    last = kept.record;
    has_last = true;
  } else if (watchdog_enable_caused_reboot() && by_timeout && running.seal == Sealed(kRunningSeal)) {
    // What the stack looked like is still there: nothing has run on it since. On a chip whose MPU guards it, an overflow
    // ends in a lockup, because the fault's own frame has no room either.
    const bool overflow = StackLeft() < kNearlyNothing;
    CrashRecord& record =
        overflow ? BeginCrash("stack overflow", "the processor locked up") : BeginCrash("watchdog", "interrupts were off");
    record.stack_left = overflow ? 0 : static_cast<uint32_t>(StackLeft());
    if (overflow) CollectBacktrace(record, StackStart() + static_cast<uint32_t>(StackLeft()));
    last = record;
    has_last = true;
  }
  kept.seal = 0;
  ForgetCommand();
  std::memset(running.log, 0, sizeof running.log);
  running.log_next = 0;
}

const CrashRecord* LastCrash() { return has_last ? &last : nullptr; }
void ForgetCrash() { has_last = false; }

void NoteCommand(const char* line) {
  running.op = nullptr;
  Copy(running.command, line);
  running.seal = Sealed(kRunningSeal);
}

void NoteOperator(const char* name) { running.op = name; }

void NoteLog(const char* text, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    running.log[running.log_next] = text[i];
    running.log_next = (running.log_next + 1) % sizeof running.log;
  }
}

// A crash without a command is one too: USB's interrupt has one sometimes.
void ForgetCommand() {
  running.command[0] = '\0';
  running.op = nullptr;
  running.seal = Sealed(kRunningSeal);
}

CrashRecord& BeginCrash(const char* reason, const char* detail) {
  CrashRecord& record = kept.record;
  std::memset(&record, 0, sizeof record);
  Copy(record.reason, reason);
  Copy(record.detail, detail);
  if (running.seal == Sealed(kRunningSeal)) {
    running.command[sizeof running.command - 1] = '\0';
    Copy(record.command, running.command);
    if (IsLiteral(running.op)) Copy(record.op, running.op);
    if (running.log_next < sizeof running.log) CopyLog(record);
  }
  return record;
}

void SealCrash() {
  kept.crc = CrcOf(kept.record);
  kept.seal = Sealed(kCrashSeal);
}

}  // namespace tflm_hil
