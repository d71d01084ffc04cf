// Time in cycles of the core.
#pragma once

#include <cstdint>

#include "hardware/clocks.h"
#include "hardware/structs/systick.h"
#include "hardware/timer.h"

namespace tflm_hil {

// Measures a stretch of code to the cycle, for as long as one likes.
//
// SysTick counts cycles but has 24 bits only, 0.13 s at 125 MHz. The microsecond timer comes from the same crystal and
// tells how often SysTick went round, so no interrupt has to count that within the stretch.
class Stopwatch {
 public:
  // Once, at start-up: lets SysTick run freely and learns what a measurement costs by itself.
  static void Initialize();

  void Start() {
    start_us_ = timer_hw->timerawl;
    start_ = systick_hw->cvr;
  }
  // Cycles since Start(), without those of the stopwatch itself.
  uint64_t Stop() const {
    const uint32_t end = systick_hw->cvr;
    return Elapsed(end, timer_hw->timerawl);
  }

 private:
  static constexpr uint32_t kLapBits = 24;

  uint64_t Elapsed(uint32_t end, uint32_t end_us) const;

  static uint32_t overhead_;

  uint32_t start_us_ = 0;
  uint32_t start_ = 0;
};

}  // namespace tflm_hil
