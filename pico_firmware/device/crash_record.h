// What is known about a crash, in memory that keeps its contents over a restart.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tflm_hil {

struct CrashRecord {
  static constexpr size_t kRegisters = 17;  // r0 to r12, sp, lr, pc, xpsr
  static constexpr size_t kBacktrace = 16;

  char reason[24];
  char detail[96];    // of an assertion or panic: its words
  char command[160];  // the line that was being carried out; empty if none was
  char op[32];        // the operator, where it is known
  char log[400];      // the end of the log output, which may never have left the board
  uint32_t known;     // a bit for each register
  uint32_t registers[kRegisters];
  uint32_t backtrace_count;
  uint32_t backtrace[kBacktrace];
  uint32_t stack_left;  // bytes of the stack that were never used
};

// Once at start-up, before anything runs on the program's stack: takes over what the run before this one has left. A
// watchdog that bit without a record, because not even interrupts worked any more, becomes a record here.
void TakeOverCrash();

// The crash that ended the run before, or null: there was none, or it was told already.
const CrashRecord* LastCrash();
void ForgetCrash();

// What is going on, kept where a crash finds it.
void NoteCommand(const char* line);
void NoteOperator(const char* name);
void NoteLog(const char* text, size_t size);
void ForgetCommand();

// Begins the record. To be called once, on the way to a restart.
CrashRecord& BeginCrash(const char* reason, const char* detail);
// From then on the record counts.
void SealCrash();

}  // namespace tflm_hil
