// Sleep with most clocks switched off.
#pragma once

#include <cstdint>

namespace tflm_hil {

// Sleeps for `us`, and keeps all memory. The processor is in deep sleep, and while the second core does not work either,
// the chip's clocks stop, but those of timer, watchdog and USB. USB's interrupts are served in between, so the port stays.
// Returns how long it was, by the timer.
uint32_t SleepDeeply(uint32_t us);

}  // namespace tflm_hil
