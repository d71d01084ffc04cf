// What a clock is worth: its step, and what looking at it costs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tflm_hil {

struct ClockFigures {
  uint32_t resolution;  // the smallest difference between two stretches of different length; 0: none differed
  uint32_t median;      // of the stretches of length zero
  uint32_t most;        // of the same
};

// `stretches`: durations of pieces of code of different lengths. `empty`: of none at all, at least one; they are sorted.
ClockFigures FiguresOf(const uint32_t* stretches, size_t stretch_count, uint32_t* empty, size_t empty_count);

}  // namespace tflm_hil
