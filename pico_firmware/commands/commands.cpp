#include "commands/commands.h"

#include <cstdio>

#include "device/console.h"
#include "device/crash_record.h"
#include "device/faults.h"
#include "hardware/timer.h"

namespace tflm_hil {
namespace {

// The largest payload that is taken off the stream. No tensor of that size fits, but a host that announces less than
// this gets its commands after the payload understood.
constexpr uint32_t kPayloadLimit = 16 * 1024 * 1024;

const VerbEntry* Find(const Command& command) {
  for (const VerbEntry* entry = kVerbs; entry->name != nullptr; ++entry) {
    if (command.Is(entry->name)) return entry;
  }
  return nullptr;
}

// `input` is dealt with by its two halves and never run from the table.
Failure InputIsSpecial(const Command&, RecordStream&) { return {}; }

}  // namespace

const VerbEntry kVerbs[] = {
    {"identify", Identify, "identify                                  who this is"},
    {"models", Models, "models                                    what the model pack holds"},
    {"open", Open, "open model=NAME [arena=N] [vars=N] [preserve=1] [categories=1]"},
    {"input", InputIsSpecial, "input session=S index=I bytes=N crc=HEX   stage an input; its N raw bytes follow the line"},
    {"invoke", Invoke, "invoke session=S [repeats=N] [warmup=N] [profile=1] [quiet=0|1] [feed=O:I,O:I] [copy=direct]"},
    {"output", Output, "output session=S index=I                  an output of the last invoke"},
    {"reset", Reset, "reset session=S                           variables to zero, as TFLM's Reset()"},
    {"close", Close, "close session=S                           end a session"},
    {"ping", Ping, "ping                                      a sign of life"},
    {"pause", Pause, "pause ms=N                                low-power sleep"},
    {"relink", Relink, "relink                                    detach from USB and attach again"},
    {"work", Work, "work on=0|1                               have the second core compute"},
    {"log", LogLines, "log lines=N [bytes=N]                     print"},
    {"clock", Clock, "clock                                     the clock's step, and what measuring costs"},
    {"reboot", Reboot, "reboot                                    start again"},
#if TFLM_HIL_TEST_VERBS
    {"fault", Fault, "fault kind=KIND                           crash (test build)"},
#endif
#if TFLM_HIL_BARE_VERB
    {"bare", Bare, "bare model=NAME [repeats=N]               time a plain interpreter's Invoke() (test build)"},
#endif
    {"help", Help, "help                                      this list"},
    {nullptr, nullptr, nullptr},
};

Commands& Commands::Get() {
  static Commands commands;
  return commands;
}

void Commands::Handle(LineReader::Event event, LineReader* reader) {
  RecordStream& records = Console::Get().records();
  switch (event) {
    case LineReader::Event::kNothing:
      return;
    case LineReader::Event::kLine:
      HandleLine(reader);
      return;
    case LineReader::Event::kTooLong:
      SendError(records, nullptr, "bad_command", "a line longer than 255 bytes");
      return;
    case LineReader::Event::kPayload:
      Finish(refused_ ? refused_ : FinishInput(command_, payload_bytes_, records));
      return;
    case LineReader::Event::kPayloadTimeout: {
      static char words[80];
      snprintf(words, sizeof words, "%lu of %lu bytes did not come within 2 s",
               static_cast<unsigned long>(reader->payload_missing()), static_cast<unsigned long>(payload_bytes_));
      Finish(refused_ ? refused_ : Failure{"bad_payload", words});
      return;
    }
  }
}

void Commands::Abandon() { ForgetCommand(); }

void Commands::HandleLine(LineReader* reader) {
  RecordStream& records = Console::Get().records();
  // Before it is parsed: parsing cuts it to words.
  NoteCommand(reader->line());
  const char* refusal = nullptr;
  const Parsed parsed = ParseCommand(reader->line(), reader->line_size(), &command_, &refusal);
  if (parsed != Parsed::kCommand) {
    if (parsed == Parsed::kRefused) SendError(records, nullptr, "bad_command", refusal);
    ForgetCommand();
    return;
  }
  const VerbEntry* entry = Find(command_);
  if (entry == nullptr) {
    Finish({"unknown_verb", "no such verb; try: help"});
    return;
  }
  if (entry->run != InputIsSpecial) {
    Finish(entry->run(command_, records));
    return;
  }
  if (!PayloadSize(command_, kPayloadLimit, &payload_bytes_)) {
    Finish({"bad_argument", "bytes: a number from 0 to 16777216 expected"});
    return;
  }
  uint8_t* room = nullptr;
  refused_ = BeginInput(command_, payload_bytes_, &room);
  reader->BeginPayload(payload_bytes_, room, payload_bytes_, time_us_64());
}

void Commands::Finish(const Failure& failure) {
  CheckStack();
  if (failure) SendError(Console::Get().records(), &command_, failure.code, failure.message);
  ForgetCommand();
}

void SendEmptyReply(RecordStream& records, const Command& command) {
  Record reply(records, RecordType::kReply, &command);
}

Failure Number(const Command& command, const char* key, uint32_t low, uint32_t high, uint32_t* value, bool required) {
  static char words[80];
  switch (command.FindNumber(key, low, high, value)) {
    case Command::Number::kGood:
      return {};
    case Command::Number::kAbsent:
      if (!required) return {};
      snprintf(words, sizeof words, "%s is missing", key);
      break;
    case Command::Number::kBad:
      snprintf(words, sizeof words, "%s: a number from %lu to %lu expected", key, static_cast<unsigned long>(low),
               static_cast<unsigned long>(high));
      break;
  }
  return {"bad_argument", words};
}

}  // namespace tflm_hil
