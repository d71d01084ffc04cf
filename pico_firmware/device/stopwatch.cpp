#include "device/stopwatch.h"

namespace tflm_hil {
namespace {

// The same bits on every Cortex-M.
constexpr uint32_t kEnable = 1u << 0;
constexpr uint32_t kCoreClock = 1u << 2;

}  // namespace

uint32_t Stopwatch::overhead_ = 0;

void Stopwatch::Initialize() {
  systick_hw->csr = 0;
  systick_hw->rvr = (1u << kLapBits) - 1;
  systick_hw->cvr = 0;
  systick_hw->csr = kCoreClock | kEnable;
  overhead_ = 0;
  Stopwatch nothing;
  // The first round fetches the code from flash.
  uint64_t least = UINT64_MAX;
  for (int round = 0; round < 8; ++round) {
    nothing.Start();
    const uint64_t cycles = nothing.Stop();
    if (cycles < least) least = cycles;
  }
  overhead_ = static_cast<uint32_t>(least);
}

uint64_t Stopwatch::Cycles(Reading reading) {
  constexpr uint64_t kLap = uint64_t{1} << kLapBits;
  const uint64_t fine = reading.fine;
  // 32 bits of microseconds: 71 minutes.
  const uint64_t coarse = uint64_t{reading.us} * clock_get_hz(clk_sys) / 1000000;
  // Both times are of the same stretch, so they differ by whole laps and by less than half a lap of error.
  const uint64_t laps = coarse > fine ? (coarse - fine + kLap / 2) / kLap : 0;
  const uint64_t cycles = laps * kLap + fine;
  return cycles > overhead_ ? cycles - overhead_ : 0;
}

}  // namespace tflm_hil
