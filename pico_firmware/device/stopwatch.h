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

  // What is subtracted from every measurement.
  static uint32_t overhead() { return overhead_; }

  // Inlined, wherever they stand: a call would be measured too.
  [[gnu::always_inline]] void Start() {
    start_us_ = timer_hw->timerawl;
    start_ = systick_hw->cvr;
  }
  // Cycles since Start(), without those of the stopwatch itself.
  [[gnu::always_inline]] uint64_t Stop() const { return Cycles(Read()); }

  // The two halves of Stop(), for a stretch within another: the first takes the same time always, and the second, which
  // does not, can wait.
  struct Reading {
    uint32_t fine;  // cycles, modulo a lap of SysTick
    uint32_t us;
  };
  [[gnu::always_inline]] Reading Read() const {
    const uint32_t end = systick_hw->cvr;
    const uint32_t us = timer_hw->timerawl - start_us_;
    return {(start_ - end) & ((1u << kLapBits) - 1), us};  // SysTick counts down
  }
  static uint64_t Cycles(Reading reading);

 private:
  static constexpr uint32_t kLapBits = 24;

  static uint32_t overhead_;

  uint32_t start_us_ = 0;
  uint32_t start_ = 0;
};

}  // namespace tflm_hil
