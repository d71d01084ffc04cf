#include "device/crash_record.h"

#include <cstring>

#include "core/crc32.h"
#include "device/stack.h"
#include "hardware/watchdog.h"
#include "pico/platform.h"

namespace tflm_hil {
namespace {

// Start-up clears .bss; this section it leaves alone. After power-on it holds anything, hence the seals.
constexpr uint32_t kCrashSeal = 0x48435243;    // "CRCH"
constexpr uint32_t kRunningSeal = 0x474E5552;  // "RUNG"

struct Kept {
  uint32_t seal;
  uint32_t crc;
  CrashRecord record;
};
struct Running {
  uint32_t seal;
  char command[sizeof CrashRecord::command];
  const char* op;  // a literal
};

__attribute__((section(".uninitialized_data.crash"))) Kept kept;
__attribute__((section(".uninitialized_data.running"))) volatile Running running;

CrashRecord last;
bool has_last = false;

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

}  // namespace

void TakeOverCrash() {
  if (kept.seal == kCrashSeal && kept.crc == CrcOf(kept.record)) {
    last = kept.record;
    has_last = true;
  } else if (watchdog_enable_caused_reboot()) {
    // What the stack looked like is still there: nothing has run on it since.
    const bool overflow = StackLeft() == 0;
    BeginCrash(overflow ? "stack overflow" : "watchdog", overflow ? "the processor locked up" : "interrupts were off");
    kept.record.stack_left = StackLeft();
    last = kept.record;
    has_last = true;
  }
  kept.seal = 0;
  ForgetCommand();
}

const CrashRecord* LastCrash() { return has_last ? &last : nullptr; }
void ForgetCrash() { has_last = false; }

void NoteCommand(const char* line) {
  running.op = "";
  size_t size = 0;
  while (size + 1 < sizeof running.command && line[size] != '\0') {
    running.command[size] = line[size];
    ++size;
  }
  running.command[size] = '\0';
  running.seal = kRunningSeal;
}

void NoteOperator(const char* name) { running.op = name; }

void ForgetCommand() { running.seal = 0; }

CrashRecord& BeginCrash(const char* reason, const char* detail) {
  CrashRecord& record = kept.record;
  std::memset(&record, 0, sizeof record);
  Copy(record.reason, reason);
  Copy(record.detail, detail);
  if (running.seal == kRunningSeal) {
    running.command[sizeof running.command - 1] = '\0';
    Copy(record.command, const_cast<const char*>(running.command));
    if (running.op != nullptr) Copy(record.op, running.op);
  }
  return record;
}

void SealCrash() {
  kept.crc = CrcOf(kept.record);
  kept.seal = kCrashSeal;
}

}  // namespace tflm_hil
