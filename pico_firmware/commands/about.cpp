// Verbs that need no model: who this is, what it holds, signs of life.
#include "commands/commands.h"
#include "commands/sessions.h"
#include "core/model_pack.h"
#include "device/console.h"
#include "device/crash_record.h"
#include "device/flash_layout.h"
#include "device/identity.h"
#include "device/supervisor.h"
#include "hardware/clocks.h"

namespace tflm_hil {
namespace {

constexpr uint32_t kProtocolVersion = 1;
// Longer than the way of the last packet, shorter than anybody waits.
constexpr uint32_t kLastWordsUs = 200000;

// Of this firmware, whatever its engine: names that the host asks for before it uses one.
const char* const kAbilities[] = {"feed", "quiet", "pause", "relink", "work", "log", "clock"};

const char* const kRegisterNames[CrashRecord::kRegisters] = {"r0", "r1", "r2",  "r3",  "r4",  "r5", "r6", "r7",  "r8",
                                                             "r9", "r10", "r11", "r12", "sp", "lr", "pc", "xpsr"};

// The end of the log, line by line; the first one may have lost its beginning.
void WriteLog(JsonWriter& json, const char* log) {
  char line[JsonWriter::kMaxText + 1];
  json.BeginArray("log");
  while (*log != '\0') {
    size_t size = 0;
    for (; *log != '\0' && *log != '\n'; ++log) {
      if (size < JsonWriter::kMaxText) line[size++] = *log;
    }
    if (*log == '\n') ++log;
    line[size] = '\0';
    if (size > 0) json.Text(nullptr, line);
  }
  json.End();
}

void WriteCrash(JsonWriter& json, const CrashRecord& crash) {
  json.BeginObject("crash");
  json.Text("reason", crash.reason);
  if (crash.detail[0] != '\0') json.Text("detail", crash.detail);
  if (crash.command[0] != '\0') json.Text("command", crash.command);
  if (crash.op[0] != '\0') json.Text("op", crash.op);
  json.BeginObject("registers");
  for (size_t i = 0; i < CrashRecord::kRegisters; ++i) {
    if ((crash.known >> i & 1u) != 0) json.Uint(kRegisterNames[i], crash.registers[i]);
  }
  json.End();
  json.BeginArray("backtrace");
  for (size_t i = 0; i < crash.backtrace_count && i < CrashRecord::kBacktrace; ++i) {
    json.Uint(nullptr, crash.backtrace[i]);
  }
  json.End();
  json.Uint("stack_left", crash.stack_left);
  WriteLog(json, crash.log);
  json.End();
}

}  // namespace

const ModelPack& Pack() {
  static const ModelPack pack(kPackAddress, kPackBytes);
  return pack;
}

Failure Ping(const Command& command, RecordStream& records) {
  SendEmptyReply(records, command);
  return {};
}

Failure Identify(const Command& command, RecordStream& records) {
  Record record(records, RecordType::kReply, &command);
  JsonWriter& json = record.json();
  json.Uint("protocol", kProtocolVersion);
  json.Text("engine", kEngine.name);
  json.Text("board", PICO_BOARD);
  json.Text("serial", SerialNumber());
  json.Text("chip", ChipName());
  json.Uint("clock_hz", clock_get_hz(clk_sys));
  json.Uint("pointer_bits", 8 * sizeof(void*));
  json.Text("build", BuildId());
  json.Text("tflm", kEngine.revision);
  json.Text("kernels", kEngine.kernels);
  json.Text("compiler", CompilerName());
  json.Uint("arena_max", Sessions::Get().region_bytes());
  json.Crc("pack_crc", Pack().crc());
  json.BeginArray("features");
  if (kEngine.profiles) json.Text(nullptr, "profile");
  for (const char* const ability : kAbilities) json.Text(nullptr, ability);
#if TFLM_HIL_TEST_VERBS
  json.Text(nullptr, "test_verbs");
#endif
  json.End();
  const CrashRecord* const crash = LastCrash();
  if (crash != nullptr) {
    WriteCrash(json, *crash);
  } else {
    json.Null("crash");
  }
  record.Finish();
  // A record that nobody heard is told again.
  if (crash != nullptr && Console::Get().passed()) ForgetCrash();
  return {};
}

Failure Models(const Command& command, RecordStream& records) {
  const ModelPack& pack = Pack();
  if (pack.damage() != ModelPack::Damage::kNone) {
    const char* const text = pack.damage_text();
    LogText("the flash is taken for empty: ", 30);
    LogText(text, __builtin_strlen(text));
    LogText("\n", 1);
  }
  for (uint32_t i = 0; i < pack.count(); ++i) {
    const PackedModel model = pack.model(i);
    Record record(records, RecordType::kData, &command);
    record.json().Text("name", model.name);
    record.json().Uint("bytes", model.size);
    record.json().Crc("crc", model.crc);
  }
  Record record(records, RecordType::kReply, &command);
  record.json().Uint("count", pack.count());
  return {};
}

Failure Help(const Command& command, RecordStream& records) {
  for (const VerbEntry* entry = kVerbs; entry->name != nullptr; ++entry) {
    Record record(records, RecordType::kData, &command);
    record.json().Text("text", entry->help);
  }
  SendEmptyReply(records, command);
  return {};
}

Failure Reboot(const Command& command, RecordStream& records) {
  SendEmptyReply(records, command);
  Console::Get().Drain(kLastWordsUs);
  Restart();
}

}  // namespace tflm_hil
