#include "device/low_power.h"

#include <algorithm>

#include "device/console.h"
#include "device/supervisor.h"
#include "hardware/structs/clocks.h"
#include "hardware/structs/scb.h"
#include "hardware/sync.h"
#include "hardware/timer.h"

namespace tflm_hil {
namespace {

// Shorter than the watchdogs' patience.
constexpr uint32_t kLongestUs = 2000000;
constexpr uint32_t kSleepDeep = 1u << 2;  // of SCR, the same bit on every Cortex-M

// The clocks that go on in sleep: what wakes the chip, what would reset it, and what keeps the host from thinking that it
// has gone. The PLLs have to run for that; only what they drive is stopped.
#if PICO_RP2040
constexpr uint32_t kClocks0 = CLOCKS_SLEEP_EN0_CLK_SYS_PLL_SYS_BITS | CLOCKS_SLEEP_EN0_CLK_SYS_PLL_USB_BITS;
constexpr uint32_t kClocks1 = CLOCKS_SLEEP_EN1_CLK_SYS_TIMER_BITS | CLOCKS_SLEEP_EN1_CLK_SYS_WATCHDOG_BITS |
                              CLOCKS_SLEEP_EN1_CLK_SYS_USBCTRL_BITS | CLOCKS_SLEEP_EN1_CLK_USB_USBCTRL_BITS |
                              CLOCKS_SLEEP_EN1_CLK_SYS_XOSC_BITS;
#else
constexpr uint32_t kClocks0 = CLOCKS_SLEEP_EN0_CLK_SYS_PLL_SYS_BITS | CLOCKS_SLEEP_EN0_CLK_SYS_PLL_USB_BITS |
                              CLOCKS_SLEEP_EN0_CLK_REF_POWMAN_BITS;
constexpr uint32_t kClocks1 = CLOCKS_SLEEP_EN1_CLK_SYS_TIMER0_BITS | CLOCKS_SLEEP_EN1_CLK_REF_TICKS_BITS |
                              CLOCKS_SLEEP_EN1_CLK_SYS_TICKS_BITS | CLOCKS_SLEEP_EN1_CLK_SYS_WATCHDOG_BITS |
                              CLOCKS_SLEEP_EN1_CLK_SYS_USBCTRL_BITS | CLOCKS_SLEEP_EN1_CLK_USB_BITS |
                              CLOCKS_SLEEP_EN1_CLK_SYS_XOSC_BITS;
#endif

}  // namespace

uint32_t SleepDeeply(uint32_t us) {
  const uint32_t begun = time_us_32();
  const uint32_t clocks0 = clocks_hw->sleep_en0;
  const uint32_t clocks1 = clocks_hw->sleep_en1;
  clocks_hw->sleep_en0 = kClocks0;
  clocks_hw->sleep_en1 = kClocks1;
  uint32_t passed;
  while ((passed = time_us_32() - begun) < us) {
    Feed();
    // A moment that is over before the timer is set is waited for without it.
    if (!WakeAfter(std::min(us - passed, kLongestUs))) continue;
    WaitForInterrupt(kSleepDeep);
    Console::Get().Poll();
  }
  clocks_hw->sleep_en0 = clocks0;
  clocks_hw->sleep_en1 = clocks1;
  Feed();
  return passed;
}

}  // namespace tflm_hil
