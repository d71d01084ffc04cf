#include <doctest/doctest.h>

#include "core/clock_figures.h"

using namespace tflm_hil;

TEST_CASE("the step is the smallest difference that is one") {
  const uint32_t stretches[] = {40, 10, 17, 10, 21};
  uint32_t empty[] = {3, 9, 2, 3, 8};
  const ClockFigures figures = FiguresOf(stretches, 5, empty, 5);
  CHECK(figures.resolution == 4);
  CHECK(figures.median == 3);
  CHECK(figures.most == 9);
}

TEST_CASE("a clock that stands still has no step") {
  const uint32_t stretches[] = {7, 7, 7};
  uint32_t empty[] = {0};
  const ClockFigures figures = FiguresOf(stretches, 3, empty, 1);
  CHECK(figures.resolution == 0);
  CHECK(figures.median == 0);
  CHECK(figures.most == 0);
}
