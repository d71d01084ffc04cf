#include "device/backtrace.h"

#include "device/stack.h"

extern "C" char __flash_binary_start[], __etext[], __data_start__[], __data_end__[];

namespace tflm_hil {
namespace {

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

}  // namespace

void CollectBacktrace(CrashRecord& record, uint32_t sp) {
  for (; InStack(sp, sizeof(uint32_t)) && record.backtrace_count < CrashRecord::kBacktrace; sp += sizeof(uint32_t)) {
    const uint32_t word = *reinterpret_cast<const uint32_t*>(static_cast<uintptr_t>(sp));
    const uint32_t address = word & ~1u;
    if ((word & 1u) == 0 || !IsCode(address) || !IsCode(address - 4) || !FollowsCall(address)) continue;
    record.backtrace[record.backtrace_count++] = address;
  }
}

}  // namespace tflm_hil
