// A verb of test builds: what this firmware measures, measured without it.
#include "commands/commands.h"
#include "commands/sessions.h"
#include "core/model_pack.h"
#include "core/samples.h"
#include "device/supervisor.h"
#include "engine/tflm/bare_invoke.h"
#include "hardware/clocks.h"

namespace tflm_hil {

Failure Bare(const Command& command, RecordStream& records) {
  constexpr uint32_t kMostRepeats = 32;
  const char* const name = command.Find("model");
  uint32_t repeats = 1;
  PackedModel model;
  if (const Failure bad = Number(command, "repeats", 1, kMostRepeats, &repeats, false)) return bad;
  if (name == nullptr) return {"bad_argument", "model is missing"};
  if (!Pack().Find(name, &model)) return {"no_model", "it is not in the model pack"};
  Sessions& sessions = Sessions::Get();
  uint8_t* const region = sessions.Region();
  if (region == nullptr) return {"no_arena", "sessions are open; this verb needs all memory"};
  uint64_t cycles[kMostRepeats];
  Feed();
  if (const Failure failure = BareInvoke(model, region, sessions.region_bytes(), repeats, cycles)) return failure;
  uint32_t storage[kMostRepeats];
  Samples samples(storage, kMostRepeats);
  for (uint32_t i = 0; i < repeats; ++i) samples.Add(cycles[i]);
  samples.Send(records, command);
  Record record(records, RecordType::kReply, &command);
  record.json().Uint("count", samples.size());
  record.json().Uint("tick_hz", clock_get_hz(clk_sys) >> samples.shift());
  return {};
}

}  // namespace tflm_hil
