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

// Sleeps until an interrupt, or for a quarter of a second; not at all if USB has something to do. `depth`: bits of the
// system control register that are set meanwhile.
void WaitForInterrupt(uint32_t depth = 0);

// Has the supervisor's timer interrupt once after that time, and not before. False: the time has passed already.
bool WakeAfter(uint32_t us);

// Which interrupts there are in the middle of an invoke.
enum class Interrupts {
  kShortly,  // none for the first second, which USB can wait; then USB's, and a timer's
  kAlways,   // USB's, as in a product that is attached to a host
  kNever,    // none at all: the hardware's watchdog ends an invoke of 8 s
};

// Around each invoke that is measured. After its first second, if there are interrupts, it is a long one: operators are
// signs of life, and USB is served between them.
void BeginTimed(Interrupts interrupts);
void EndTimed();

[[noreturn]] void Restart();
// `disabled_interfaces`: bit 0 mass storage, bit 1 PICOBOOT.
[[noreturn]] void RestartIntoBootsel(uint32_t disabled_interfaces);

}  // namespace tflm_hil
