#include "device/second_core.h"

#include "hardware/regs/addressmap.h"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "pico/multicore.h"

namespace tflm_hil {
namespace {

constexpr uint32_t kWords = 256;
// The firmware's half of the flash, in pieces that fit neither its cache nor each other's lines.
constexpr uint32_t kFlashBytes = 1u << 20;
constexpr uint32_t kFlashStep = 4096 + 64;
constexpr uint32_t kStopUs = 10000;

uint32_t scratch[kWords];
volatile uint32_t rounds;
volatile bool wanted;
volatile bool stopped;
bool works;

void Work() {
  uint32_t state = 1;
  uint32_t offset = 0;
  while (wanted) {
    for (uint32_t& word : scratch) {
      // Numerical Recipes' generator: a multiplication that nothing can leave out.
      state = state * 1664525u + 1013904223u;
      word ^= state;
    }
    const auto* const flash = reinterpret_cast<const volatile uint32_t*>(uintptr_t{XIP_BASE + offset});
    for (uint32_t i = 0; i < kWords; i += 4) state ^= flash[i];
    offset = (offset + kFlashStep) % (kFlashBytes - kWords * sizeof(uint32_t)) & ~3u;
    rounds = rounds + 1;
  }
  stopped = true;
  for (;;) __wfe();
}

}  // namespace

void StartSecondCore() {
  if (works) return;
  rounds = 0;
  wanted = true;
  stopped = false;
  works = true;
  // From wherever it is: a start after a restart of the first core alone finds it at work.
  multicore_reset_core1();
  multicore_launch_core1(Work);
}

void StopSecondCore() {
  if (!works) return;
  wanted = false;
  // In the middle of nothing: a read of the flash is not cut off.
  const uint32_t begun = time_us_32();
  while (!stopped && time_us_32() - begun < kStopUs) tight_loop_contents();
  // Back to the boot ROM, where it sleeps.
  multicore_reset_core1();
  works = false;
}

bool SecondCoreWorks() { return works; }

uint32_t SecondCoreRounds() { return rounds; }

}  // namespace tflm_hil
