// Start-up, and the loop that everything runs in.
#include <cstdint>

#include "commands/commands.h"
#include "core/line_reader.h"
#include "device/console.h"
#include "device/crash_record.h"
#include "device/identity.h"
#include "device/stack.h"
#include "device/stopwatch.h"
#include "device/supervisor.h"
#include "engine/engine.h"
#include "hardware/timer.h"

namespace tflm_hil {
namespace {

[[noreturn]] void Run() {
  Stopwatch::Initialize();
  ReadIdentity();
  StartEngine();
  Console& console = Console::Get();
  console.Start();
  StartSupervisor();
  Commands& commands = Commands::Get();
  LineReader reader;
  // A packet of USB full speed has 64 bytes; several may have come while a command was carried out.
  static uint8_t bytes[1024];
  for (;;) {
    Feed();
    console.Poll();
    Incoming incoming = {bytes, console.Read(bytes, sizeof bytes)};
    const bool idle = incoming.size == 0;
    LineReader::Event event;
    do {
      if (console.TakeHangUp()) {
        // Half a line or half a payload of a client that has left must not swallow what the next one says.
        incoming.size = 0;
        reader = LineReader();
        commands.Abandon();
      }
      event = reader.Take(&incoming, time_us_64());
      commands.Handle(event, &reader);
    } while (event != LineReader::Event::kNothing);
    if (idle) WaitForInterrupt();
  }
}

}  // namespace
}  // namespace tflm_hil

int main() {
  // What the run before has left on the stack tells how it ended, so this comes before anything runs on it.
  tflm_hil::TakeOverCrash();
  tflm_hil::RunOnOwnStack(tflm_hil::Run);
}
