// Watches over commands that hang, and restarts the board.
#pragma once

#include <cstdint>

#include "device/progress.h"

namespace tflm_hil {

// A command that shows no sign of life for this long has hung. The hardware's watchdog follows at 8 s: it needs no
// working interrupts, but it cannot tell where the program was.
constexpr uint32_t kHungAfterUs = 6000000;

// Starts the watchdog. From now on Feed() is due every few seconds.
void StartSupervisor();

// A sign of life.
void Feed();

// Sleeps until an interrupt, or for a quarter of a second; not at all if USB has something to do.
void WaitForInterrupt();

// Around each invoke that is measured. For the first second there is no interrupt in between, USB's neither: it can
// wait that long. After it, the invoke is a long one: operators are signs of life, and USB is served between them.
void BeginTimed();
void EndTimed();

[[noreturn]] void Restart();
// `disabled_interfaces`: bit 0 mass storage, bit 1 PICOBOOT.
[[noreturn]] void RestartIntoBootsel(uint32_t disabled_interfaces);

}  // namespace tflm_hil
