#include "core/clock_figures.h"

#include <algorithm>

namespace tflm_hil {

ClockFigures FiguresOf(const uint32_t* stretches, size_t stretch_count, uint32_t* empty, size_t empty_count) {
  ClockFigures figures = {};
  for (size_t i = 0; i < stretch_count; ++i) {
    for (size_t j = 0; j < i; ++j) {
      const uint32_t step = std::max(stretches[i], stretches[j]) - std::min(stretches[i], stretches[j]);
      if (step > 0 && (figures.resolution == 0 || step < figures.resolution)) figures.resolution = step;
    }
  }
  // std::sort would bring a larger program, for no more than some hundred numbers.
  std::make_heap(empty, empty + empty_count);
  std::sort_heap(empty, empty + empty_count);
  figures.median = empty[empty_count / 2];
  figures.most = empty[empty_count - 1];
  return figures;
}

}  // namespace tflm_hil
