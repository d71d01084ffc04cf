// Verbs that work on models: open, input, invoke, output, reset, close.
#include <cstdio>
#include <cstring>

#include "commands/commands.h"
#include "commands/sessions.h"
#include "core/crc32.h"
#include "core/feedback.h"
#include "core/model_pack.h"
#include "core/payload.h"
#include "core/samples.h"
#include "device/console.h"
#include "device/stack.h"
#include "device/stopwatch.h"
#include "device/supervisor.h"
#include "hardware/clocks.h"
#include "hardware/timer.h"

namespace tflm_hil {

namespace {

constexpr uint32_t kMaxVariables = 256;
constexpr uint32_t kMaxWarmup = 100000;
constexpr uint32_t kMaxRepeats = 1024;
// For the log of the command before, on its way while the first invoke would begin.
constexpr uint32_t kQuietUs = 20000;

uint32_t sample_storage[kMaxRepeats];
Profile profile;
uint32_t input_begun_us;

Failure FindSession(const Command& command, Session** session) {
  static char words[48];
  uint32_t number = 0;
  if (const Failure failure = Number(command, "session", 0, UINT32_MAX, &number, true)) return failure;
  *session = Sessions::Get().Find(number);
  if (*session != nullptr) return {};
  snprintf(words, sizeof words, "session %lu is not open", static_cast<unsigned long>(number));
  return {"no_session", words};
}

Failure FindIndex(const Command& command, size_t count, uint32_t* index) {
  if (count == 0) return {"bad_argument", "index: this model has none"};
  return Number(command, "index", 0, static_cast<uint32_t>(count - 1), index, true);
}

void SendTensor(RecordStream& records, const Command& command, const char* of, size_t index, const Tensor& tensor) {
  Record record(records, RecordType::kData, &command);
  JsonWriter& json = record.json();
  json.String("of", of);
  json.Uint("index", index);
  json.Text("dtype", tensor.dtype);
  json.BeginArray("shape");
  for (size_t i = 0; i < tensor.rank; ++i) json.Uint(nullptr, static_cast<uint32_t>(tensor.dims[i]));
  json.End();
  json.Uint("bytes", tensor.bytes);
}

// Eight lower-case hexadecimal digits, as the host writes a CRC-32.
bool ReadCrc(const char* text, uint32_t* crc) {
  uint32_t value = 0;
  for (size_t i = 0; i < 8; ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      value = value << 4 | static_cast<uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value << 4 | static_cast<uint32_t>(c - 'a' + 10);
    } else {
      return false;
    }
  }
  *crc = value;
  return text[8] == '\0';
}

// How one `invoke` command goes.
struct Plan {
  uint32_t warmup = 0;
  uint32_t repeats = 1;
  bool profiled = false;
  Interrupts interrupts = Interrupts::kShortly;
  Feedback feed;
  bool direct = false;
};

// What FeedBack() does before an invoke: what was copied aside after the last one gets to its tensor.
void PutFed(const Session& session, const Plan& plan) {
  if (!plan.direct) session.PutInputs(plan.feed.inputs());
}

void FeedBack(Session* session, const Plan& plan) {
  if (plan.direct) {
    session->FeedDirect(plan.feed);
  } else {
    session->FeedStaged(plan.feed);
  }
}

// Of the sessions' memory, the log's and the stack's: invokes one after the other, measured or not. `*feed_cycles`
// becomes the time that feeding took in those that are measured.
Failure InvokeAll(Session* session, const Plan& plan, Samples* samples, uint64_t* feed_cycles) {
  Interpreter& interpreter = session->interpreter();
  Console& console = Console::Get();
  const bool feeds = !plan.feed.empty();
  session->StagePlaced();
  for (uint32_t round = 0; round < plan.warmup + plan.repeats; ++round) {
    // The first invoke of all begins with what is staged. Then a direct feed has put its inputs where they belong.
    session->PutInputs(feeds && (!plan.direct || round > 0) ? ~plan.feed.inputs() : ~0u);
    uint64_t cycles = 0;
    uint64_t feeding = 0;
    Stopwatch stopwatch;
    const bool last = round + 1 == plan.warmup + plan.repeats;
    console.HoldLog();
    BeginTimed(plan.interrupts);
    if (feeds) {
      stopwatch.Start();
      PutFed(*session, plan);
      feeding = stopwatch.Stop();
    }
    const Failure failure =
        plan.profiled && last ? interpreter.InvokeProfiled(&cycles, &profile) : interpreter.Invoke(&cycles);
    if (feeds && !failure) {
      stopwatch.Start();
      FeedBack(session, plan);
      feeding += stopwatch.Stop();
    }
    EndTimed();
    console.Poll();
    console.ReleaseLog();
    if (failure) return failure;
    if (round < plan.warmup) continue;
    samples->Add(cycles);
    *feed_cycles += feeding;
  }
  return {};
}

Failure ReadPlan(const Command& command, const Session& session, Plan* plan) {
  uint32_t profiled = 0;
  uint32_t quiet = 0;
  if (const Failure bad = Number(command, "repeats", 1, kMaxRepeats, &plan->repeats, false)) return bad;
  if (const Failure bad = Number(command, "warmup", 0, kMaxWarmup, &plan->warmup, false)) return bad;
  if (const Failure bad = Number(command, "profile", 0, 1, &profiled, false)) return bad;
  if (const Failure bad = Number(command, "quiet", 0, 1, &quiet, false)) return bad;
  if (const char* const wrong = plan->feed.Parse(command.Find("feed"))) return {"bad_argument", wrong};
  if (const Failure bad = session.CheckFeed(plan->feed)) return bad;
  const char* const copy = command.Find("copy");
  plan->direct = copy != nullptr && std::strcmp(copy, "direct") == 0;
  if (copy != nullptr && !plan->direct && std::strcmp(copy, "staged") != 0) {
    return {"bad_argument", "copy: staged or direct expected"};
  }
  if (command.Find("quiet") != nullptr) plan->interrupts = quiet != 0 ? Interrupts::kNever : Interrupts::kAlways;
  plan->profiled = profiled != 0;
  if (plan->profiled && !kEngine.profiles) return {"unsupported", "this engine has no profiler"};
  return {};
}

}  // namespace

Failure Open(const Command& command, RecordStream& records) {
  static char words[64];
  const char* const name = command.Find("model");
  if (name == nullptr) return {"bad_argument", "model is missing"};
  SessionRequest request = {};
  if (!Pack().Find(name, &request.model)) {
    snprintf(words, sizeof words, "%.31s is not in the model pack", name);
    return {"no_model", words};
  }
  uint32_t variables = 8;
  uint32_t preserve = 0;
  uint32_t categories = 0;
  if (const Failure bad = Number(command, "arena", kMinArena, UINT32_MAX, &request.arena_bytes, false)) return bad;
  if (const Failure bad = Number(command, "vars", 0, kMaxVariables, &variables, false)) return bad;
  if (const Failure bad = Number(command, "preserve", 0, 1, &preserve, false)) return bad;
  if (const Failure bad = Number(command, "categories", 0, 1, &categories, false)) return bad;
  request.options = {variables, preserve != 0, categories != 0};

  Session* session = nullptr;
  if (const Failure failure = Sessions::Get().Open(request, &session)) return failure;
  Interpreter& interpreter = session->interpreter();
  for (size_t i = 0; i < interpreter.input_count(); ++i) SendTensor(records, command, "input", i, interpreter.input(i));
  for (size_t i = 0; i < interpreter.output_count(); ++i) {
    SendTensor(records, command, "output", i, interpreter.output(i));
  }
  const ArenaUse use = interpreter.arena_use();
  Record record(records, RecordType::kReply, &command);
  JsonWriter& json = record.json();
  json.Uint("session", session->number());
  json.Uint("arena", session->arena_bytes());
  json.Uint("used", use.used);
  json.Uint("head", use.head);
  json.Uint("tail", use.tail);
  if (use.category_count > 0) {
    json.BeginObject("categories");
    for (size_t i = 0; i < use.category_count; ++i) json.Uint(use.categories[i].name, use.categories[i].bytes);
    json.End();
  }
  json.Uint("stack_left", StackLeft());
  return {};
}

Failure BeginInput(const Command& command, uint32_t payload_bytes, uint8_t** room) {
  static char words[80];
  Session* session = nullptr;
  uint32_t index = 0;
  uint32_t crc = 0;
  if (const Failure failure = FindSession(command, &session)) return failure;
  Interpreter& interpreter = session->interpreter();
  if (const Failure failure = FindIndex(command, interpreter.input_count(), &index)) return failure;
  const char* const announced = command.Find("crc");
  if (announced == nullptr) return {"bad_argument", "crc is missing"};
  if (!ReadCrc(announced, &crc)) return {"bad_argument", "crc: eight lower-case hexadecimal digits expected"};
  const size_t expected = interpreter.input(index).bytes;
  if (payload_bytes != expected) {
    snprintf(words, sizeof words, "input %lu has %lu bytes, %lu came", static_cast<unsigned long>(index),
             static_cast<unsigned long>(expected), static_cast<unsigned long>(payload_bytes));
    return {"bad_payload", words};
  }
  input_begun_us = time_us_32();
  session->Unstage(index);
  *room = session->Room(index);
  return {};
}

Failure FinishInput(const Command& command, uint32_t payload_bytes, RecordStream& records) {
  static char words[80];
  Session* session = nullptr;
  uint32_t index = 0;
  uint32_t announced = 0;
  if (const Failure failure = FindSession(command, &session)) return failure;
  if (const Failure failure = FindIndex(command, session->interpreter().input_count(), &index)) return failure;
  ReadCrc(command.Find("crc"), &announced);
  const uint32_t crc = Crc32(session->Room(index), payload_bytes);
  if (crc != announced) {
    snprintf(words, sizeof words, "CRC-32 %08lx announced, %08lx came", static_cast<unsigned long>(announced),
             static_cast<unsigned long>(crc));
    return {"bad_payload", words};
  }
  session->Stage(index);
  Record record(records, RecordType::kReply, &command);
  record.json().Uint("us", time_us_32() - input_begun_us);
  return {};
}

Failure Invoke(const Command& command, RecordStream& records) {
  static char words[48];
  Session* session = nullptr;
  Plan plan;
  if (const Failure failure = FindSession(command, &session)) return failure;
  if (const Failure failure = ReadPlan(command, *session, &plan)) return failure;
  const size_t missing = session->FirstMissing();
  if (missing < session->interpreter().input_count()) {
    snprintf(words, sizeof words, "input %lu was never given", static_cast<unsigned long>(missing));
    return {"missing_input", words};
  }
  session->invoked = false;
  Console::Get().Drain(kQuietUs);
  Samples samples(sample_storage, kMaxRepeats);
  uint64_t feed_cycles = 0;
  if (const Failure failure = InvokeAll(session, plan, &samples, &feed_cycles)) return failure;
  session->invoked = true;
  samples.Send(records, command);
  if (plan.profiled) {
    for (size_t i = 0; i < profile.count; ++i) {
      Record record(records, RecordType::kData, &command);
      record.json().Uint("op", i);
      record.json().Text("name", profile.ops[i].name);
      record.json().Uint("ticks", profile.ops[i].cycles);
    }
    if (profile.dropped > 0) {
      snprintf(words, sizeof words, "the profile lacks %lu operators\n", static_cast<unsigned long>(profile.dropped));
      LogText(words, std::strlen(words));
    }
  }
  Record record(records, RecordType::kReply, &command);
  record.json().Uint("session", session->number());
  record.json().Uint("count", samples.size());
  record.json().Uint("tick_hz", clock_get_hz(clk_sys) >> samples.shift());
  if (!plan.feed.empty()) record.json().Uint("feed_ticks", feed_cycles >> samples.shift());
  record.json().Uint("stack_left", StackLeft());
  return {};
}

Failure Output(const Command& command, RecordStream& records) {
  Session* session = nullptr;
  uint32_t index = 0;
  if (const Failure failure = FindSession(command, &session)) return failure;
  if (const Failure failure = FindIndex(command, session->interpreter().output_count(), &index)) return failure;
  if (!session->invoked) return {"not_invoked", "there is no output before an invoke"};
  const Tensor tensor = session->interpreter().output(index);
  const uint32_t crc = SendPayload(records, command, tensor.data, tensor.bytes);
  Record record(records, RecordType::kReply, &command);
  record.json().Uint("bytes", tensor.bytes);
  record.json().Crc("crc", crc);
  return {};
}

Failure Reset(const Command& command, RecordStream& records) {
  Session* session = nullptr;
  if (const Failure failure = FindSession(command, &session)) return failure;
  session->invoked = false;
  if (const Failure failure = session->interpreter().Reset()) return failure;
  SendEmptyReply(records, command);
  return {};
}

Failure Close(const Command& command, RecordStream& records) {
  Session* session = nullptr;
  if (const Failure failure = FindSession(command, &session)) return failure;
  Sessions::Get().Close(session);
  SendEmptyReply(records, command);
  return {};
}

}  // namespace tflm_hil
