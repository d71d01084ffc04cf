#include "device/supervisor.h"

#include "device/crash_record.h"
#include "device/faults.h"
#include "engine/engine.h"
#include "hardware/irq.h"
#include "hardware/structs/scb.h"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "hardware/watchdog.h"
#include "pico/bootrom.h"
#include "tusb.h"

namespace tflm_hil {
namespace {

constexpr uint32_t kWatchdogMs = 8000;
constexpr uint32_t kIdleUs = 250000;
constexpr uint32_t kLongInvokeUs = 1000000;
constexpr uint kAlarm = 0;

volatile uint32_t fed_us;
volatile bool timed;
bool masked;

void Arm(uint32_t after_us) { hardware_alarm_set_target(kAlarm, make_timeout_time_us(after_us)); }

void OnAlarm(uint) {
  if (time_us_32() - fed_us > kHungAfterUs) RecordHang();
  if (timed) {
    ReportOperators();
    irq_set_enabled(USBCTRL_IRQ, true);
  }
  Arm(timed ? kLongInvokeUs : kIdleUs);
}

}  // namespace

void StartSupervisor() {
  hardware_alarm_claim(kAlarm);
  hardware_alarm_set_callback(kAlarm, OnAlarm);
  // Feeding comes second: before, the SDK would load zero.
  watchdog_enable(kWatchdogMs, true);
  Feed();
  Arm(kIdleUs);
}

void Feed() {
  watchdog_update();
  fed_us = time_us_32();
}

void OnOperator(const char* name) {
  // A host may want the board back, or leave, in the middle of a long invoke.
  if (tud_task_event_ready()) tud_task();
  NoteOperator(name);
  Feed();
}

void WaitForInterrupt(uint32_t depth) {
  // With interrupts masked, one that comes between the question and the sleep still ends the sleep.
  const uint32_t before = save_and_disable_interrupts();
  if (!tud_task_event_ready()) {
    scb_hw->scr |= depth;
    __dsb();
    __wfi();
    scb_hw->scr &= ~depth;
  }
  restore_interrupts(before);
}

bool WakeAfter(uint32_t us) { return !hardware_alarm_set_target(kAlarm, make_timeout_time_us(us)); }

void BeginTimed(Interrupts interrupts) {
  Feed();
  Arm(kLongInvokeUs);
  if (interrupts != Interrupts::kAlways) irq_set_enabled(USBCTRL_IRQ, false);
  timed = true;
  masked = interrupts == Interrupts::kNever;
  if (masked) save_and_disable_interrupts();
}

void EndTimed() {
  timed = false;
  // The program runs with interrupts on; what they were before need not be kept.
  if (masked) restore_interrupts(0);
  masked = false;
  NoteOperator("");
  irq_set_enabled(USBCTRL_IRQ, true);
  Arm(kIdleUs);
  Feed();
  CheckStack();
}

void Restart() {
  ForgetCommand();
  watchdog_reboot(0, 0, 0);
  for (;;) __wfi();
}

void RestartIntoBootsel(uint32_t disabled_interfaces) {
  ForgetCommand();
  rom_reset_usb_boot(0, disabled_interfaces);
  for (;;) __wfi();
}

}  // namespace tflm_hil
