// Verbs of test builds: ways to break the board on purpose.
#include <cassert>
#include <cstdlib>
#include <cstring>

#include "commands/commands.h"
#include "device/faults.h"
#include "hardware/sync.h"
#include "pico/platform.h"

namespace tflm_hil {
namespace {

// An address where there is nothing.
volatile uint32_t* const kNowhere = reinterpret_cast<volatile uint32_t*>(uintptr_t{0x30000000});

[[gnu::noinline]] void ReadNowhere() { *kNowhere = *kNowhere + 1; }

[[gnu::noinline]] uint32_t Recurse(uint32_t depth) {
  volatile uint8_t frame[256];
  for (size_t i = 0; i < sizeof frame; ++i) frame[i] = static_cast<uint8_t>(depth);
  // 12 KiB: through the guard and beyond, but not into the memory of models.
  const uint32_t below = depth < 48 ? Recurse(depth + 1) : 0;
  return below + frame[depth % sizeof frame];
}

[[gnu::noinline]] void Hang() {
  for (;;) tight_loop_contents();
}

[[gnu::noinline]] void HangWithoutInterrupts() {
  save_and_disable_interrupts();
  Hang();
}

}  // namespace

Failure Fault(const Command& command, RecordStream& records) {
  const char* const kind = command.Find("kind");
  if (kind == nullptr) return {"bad_argument", "kind is missing"};
  const auto is = [kind](const char* name) { return std::strcmp(kind, name) == 0; };
  if (is("hardfault")) {
    ReadNowhere();
  } else if (is("undefined")) {
    asm volatile("udf #1");
  } else if (is("panic")) {
    panic("panic number %d", 42);
  } else if (is("assert")) {
    __assert_func("somewhere/assertion.cpp", 7, "Somewhere", "1 + 1 == 3");
  } else if (is("abort")) {
    std::abort();
  } else if (is("stack")) {
    if (Recurse(0) == 0) return {"bad_argument", "a sum of bytes that is not zero expected"};
    CheckStack();
  } else if (is("hang")) {
    Hang();
  } else if (is("hang_without_interrupts")) {
    HangWithoutInterrupts();
  } else if (is("half_record")) {
    Record record(records, RecordType::kReply, &command);
    record.json().String("text", "half a record");
    ReadNowhere();
  } else {
    return {"bad_argument",
            "kind: hardfault, undefined, panic, assert, abort, stack, hang, hang_without_interrupts or half_record"};
  }
  SendEmptyReply(records, command);
  return {};
}

}  // namespace tflm_hil
