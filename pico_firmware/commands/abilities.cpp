// Verbs that do to the board what the world does to a product: pause, relink, work, log. And one that looks at the clock.
#include <cstdio>
#include <cstring>

#include "commands/commands.h"
#include "core/clock_figures.h"
#include "device/console.h"
#include "device/low_power.h"
#include "device/second_core.h"
#include "device/stopwatch.h"
#include "device/supervisor.h"
#include "hardware/clocks.h"

namespace tflm_hil {
namespace {

constexpr uint32_t kMaxPauseMs = 600000;
constexpr uint32_t kMaxLines = 1000000;
constexpr uint32_t kLastWordsUs = 200000;
constexpr size_t kEmptyPairs = 101;
constexpr size_t kStretches = 16;

template <size_t kNops>
uint32_t Stretch() {
  Stopwatch stopwatch;
  stopwatch.Start();
  asm volatile(".rept %c0\n nop\n .endr" : : "i"(kNops));
  return static_cast<uint32_t>(stopwatch.Stop());
}

template <size_t kCount>
void Stretches(uint32_t* durations) {
  if constexpr (kCount > 0) {
    Stretches<kCount - 1>(durations);
    durations[kCount - 1] = Stretch<kCount - 1>();
  }
}

}  // namespace

Failure Pause(const Command& command, RecordStream& records) {
  uint32_t ms = 0;
  if (const Failure bad = Number(command, "ms", 1, kMaxPauseMs, &ms, true)) return bad;
  // What the command before has said is out first: a sleep in the middle of it would keep the host waiting.
  Console::Get().Drain(kLastWordsUs);
  const uint32_t us = SleepDeeply(ms * 1000);
  Record record(records, RecordType::kReply, &command);
  record.json().Uint("us", us);
  return {};
}

Failure Relink(const Command& command, RecordStream& records) {
  SendEmptyReply(records, command);
  Console::Get().Drain(kLastWordsUs);
  Console::Get().Replug();
  return {};
}

Failure Work(const Command& command, RecordStream& records) {
  uint32_t on = 0;
  if (const Failure bad = Number(command, "on", 0, 1, &on, true)) return bad;
  if (on != 0) {
    StartSecondCore();
  } else {
    StopSecondCore();
  }
  Record record(records, RecordType::kReply, &command);
  record.json().Uint("rounds", SecondCoreRounds());
  return {};
}

Failure LogLines(const Command& command, RecordStream& records) {
  uint32_t lines = 1;
  uint32_t bytes = 80;
  if (const Failure bad = Number(command, "lines", 1, kMaxLines, &lines, true)) return bad;
  if (const Failure bad = Number(command, "bytes", 12, 255, &bytes, false)) return bad;
  char line[256];
  std::memset(line, '.', sizeof line);
  for (uint32_t i = 0; i < lines; ++i) {
    const int written = snprintf(line, sizeof line, "line %06lu", static_cast<unsigned long>(i));
    line[written] = ' ';
    line[bytes - 1] = '\0';
    EngineLog(line);
    Feed();
  }
  SendEmptyReply(records, command);
  return {};
}

Failure Clock(const Command& command, RecordStream& records) {
  uint32_t stretches[kStretches];
  uint32_t empty[kEmptyPairs];
  Console::Get().Drain(kLastWordsUs);
  // Under the conditions of an invoke. The first round of both fetches their code from flash.
  BeginTimed(Interrupts::kShortly);
  for (int round = 0; round < 2; ++round) {
    Stretches<kStretches>(stretches);
    for (uint32_t& ticks : empty) ticks = Stretch<0>();
  }
  EndTimed();
  const ClockFigures figures = FiguresOf(stretches, kStretches, empty, kEmptyPairs);
  Record record(records, RecordType::kReply, &command);
  record.json().Uint("tick_hz", clock_get_hz(clk_sys));
  record.json().Uint("resolution_ticks", figures.resolution);
  record.json().Uint("overhead_ticks", figures.median);
  record.json().Uint("overhead_max_ticks", figures.most);
  record.json().Uint("subtracted_ticks", Stopwatch::overhead());
  return {};
}

}  // namespace tflm_hil
