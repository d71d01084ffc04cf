// An engine without inference, for tests of everything around it: the link, sessions, faults, restarts. It says
// "loopback" of itself, and the harness lets no test of inference use it.
//
// A model is a header. Its inputs have `bytes` bytes each; the last output counts the invokes since Open or Reset; an
// invoke takes at least `cycles` cycles. There are two kinds:
//   copy  one input; output 0 is the same bytes.
//   swap  two inputs; output 0 is input 0, each byte 1 more, and output 1 is input 1, each byte 16 more. Output 0 lies
//         where input 1 lay, and output 1 where input 0 lay, as TFLM's planner may have it; with preserve=1 they do not.
#include <cstring>
#include <new>

#include "device/console.h"
#include "device/progress.h"
#include "device/stopwatch.h"
#include "engine/engine.h"

namespace tflm_hil {

const EngineInfo kEngine = {"loopback", "none", "none", true};

namespace {

// Little-endian, as it lies in the model pack. tests/support/loopback_model.py writes it.
struct ModelHeader {
  char magic[8];
  uint32_t bytes;
  uint32_t cycles;
};
static_assert(sizeof(ModelHeader) == 16 && offsetof(ModelHeader, bytes) == 8 && offsetof(ModelHeader, cycles) == 12,
              "a layout that two sides share");
constexpr char kCopyMagic[] = "TFLMLOOP";
constexpr char kSwapMagic[] = "TFLMSWAP";

// Cycles between two signs of life, as if each stretch were an operator.
constexpr uint32_t kOpCycles = 1000000;

// In the arena, so that an arena that somebody else writes to is noticed.
struct State {
  uint32_t count;
  uint8_t tensors[1];
};

struct Model {
  const ModelHeader* header;
  State* state;
  int32_t dims[1];
  bool swaps;
  bool preserves;
};

volatile bool report_operators;

Model* ModelOf(uint8_t* storage) { return reinterpret_cast<Model*>(storage); }
const Model* ModelOf(const uint8_t* storage) { return reinterpret_cast<const Model*>(storage); }

const ModelHeader* HeaderOf(const PackedModel& model) { return reinterpret_cast<const ModelHeader*>(model.data); }

bool Swaps(const ModelHeader& header) { return std::memcmp(header.magic, kSwapMagic, sizeof header.magic) == 0; }

size_t StateBytes(const ModelHeader& header, bool preserves) {
  return offsetof(State, tensors) + (Swaps(header) && preserves ? 4 : 2) * size_t{header.bytes};
}

uint8_t* InputOf(const Model& model, size_t index) { return model.state->tensors + index * model.header->bytes; }

uint8_t* OutputOf(const Model& model, size_t index) {
  const size_t place = model.swaps && model.preserves ? 2 + index : 1 - index;
  return model.state->tensors + place * model.header->bytes;
}

void Compute(const Model& model) {
  const size_t bytes = model.header->bytes;
  if (!model.swaps) {
    std::memcpy(OutputOf(model, 0), InputOf(model, 0), bytes);
    return;
  }
  for (size_t i = 0; i < bytes; ++i) {
    const uint8_t one = InputOf(model, 0)[i];
    const uint8_t other = InputOf(model, 1)[i];
    OutputOf(model, 0)[i] = static_cast<uint8_t>(one + 1);
    OutputOf(model, 1)[i] = static_cast<uint8_t>(other + 16);
  }
}

void Burn(uint32_t cycles, Profile* profile) {
  while (cycles > 0) {
    if (report_operators) OnOperator("BURN");
    const uint32_t stretch = cycles < kOpCycles ? cycles : kOpCycles;
    Stopwatch watch;
    watch.Start();
    uint64_t passed;
    do {
      passed = watch.Stop();
    } while (passed < stretch);
    cycles -= stretch;
    if (profile == nullptr) continue;
    if (profile->count == Profile::kMaxOps) {
      ++profile->dropped;
    } else {
      profile->ops[profile->count++] = {"BURN", static_cast<uint32_t>(passed)};
    }
  }
}

}  // namespace

void StartEngine() {}

Failure CheckModel(const PackedModel& model, size_t* input_bytes) {
  if (model.size != sizeof(ModelHeader) ||
      (!Swaps(*HeaderOf(model)) && std::memcmp(model.data, kCopyMagic, sizeof kCopyMagic - 1) != 0)) {
    return {"model_rejected", "this firmware is the loopback engine, which runs no models of TFLM's"};
  }
  // Beyond this no board has memory, and below it nothing overflows.
  constexpr uint32_t kMostBytes = 1u << 20;
  const ModelHeader& header = *HeaderOf(model);
  if (header.bytes == 0 || header.bytes > kMostBytes) return {"model_rejected", "a tensor of 1 to 1048576 bytes expected"};
  *input_bytes = (Swaps(header) ? 2 : 1) * ((size_t{header.bytes} + 15) & ~size_t{15});
  return {};
}

void EngineLog(const char* line) {
  LogText(line, std::strlen(line));
  LogText("\n", 1);
}

void ReportOperators() { report_operators = true; }

Interpreter::Interpreter() = default;
Interpreter::~Interpreter() { Close(); }

Failure Interpreter::Open(const PackedModel& model, uint8_t* arena, size_t arena_bytes, const OpenOptions& options) {
  static_assert(sizeof(Model) <= kStorageBytes, "no room for the engine's object");
  const ModelHeader* header = HeaderOf(model);
  const size_t needed = StateBytes(*header, options.preserve);
  if (arena_bytes < needed) {
    LogText("loopback: the arena is too small\n", 33);
    return {"allocate_failed", "the arena is too small"};
  }
  State* state = new (arena) State;
  std::memset(arena, 0, needed);
  new (storage_) Model{header, state, {static_cast<int32_t>(header->bytes)}, Swaps(*header), options.preserve};
  open_ = true;
  return {};
}

void Interpreter::Close() { open_ = false; }

size_t Interpreter::input_count() const { return ModelOf(storage_)->swaps ? 2 : 1; }
size_t Interpreter::output_count() const { return input_count() + 1; }

Tensor Interpreter::input(size_t index) const {
  const Model* model = ModelOf(storage_);
  return {"uint8", model->dims, 1, InputOf(*model, index), model->header->bytes};
}

Tensor Interpreter::output(size_t index) const {
  static const int32_t kOne[] = {1};
  const Model* model = ModelOf(storage_);
  if (index == input_count()) return {"uint32", kOne, 1, reinterpret_cast<uint8_t*>(&model->state->count), sizeof(uint32_t)};
  return {"uint8", model->dims, 1, OutputOf(*model, index), model->header->bytes};
}

ArenaUse Interpreter::arena_use() const {
  const auto used = static_cast<uint32_t>(StateBytes(*ModelOf(storage_)->header, ModelOf(storage_)->preserves));
  return {used, 0, used, 0, {}};
}

Failure Interpreter::InvokeProfiled(uint64_t* cycles, Profile* profile) {
  Model* model = ModelOf(storage_);
  State* state = model->state;
  report_operators = false;
  if (profile != nullptr) profile->count = profile->dropped = 0;
  Stopwatch watch;
  watch.Start();
  Burn(model->header->cycles, profile);
  Compute(*model);
  ++state->count;
  *cycles = watch.Stop();
  // As TFLM does, whose tensors share memory: an input that is not put there again is garbage.
  if (!model->swaps) std::memset(InputOf(*model, 0), 0xA5, model->header->bytes);
  return {};
}

Failure Interpreter::Invoke(uint64_t* cycles) { return InvokeProfiled(cycles, nullptr); }

Failure Interpreter::Reset() {
  ModelOf(storage_)->state->count = 0;
  return {};
}

}  // namespace tflm_hil
