// The engine that runs models on TFLM.
#include <cstring>
#include <new>

#include "engine/engine.h"
#include "engine/tflm/dtype.h"
#include "engine/tflm/profiler.h"
#include "engine/tflm/resolver.h"
#include "engine/tflm/tiny_arena.h"
#include "pico/platform/panic.h"
#include "tensorflow/lite/micro/arena_allocator/recording_single_arena_buffer_allocator.h"
#include "tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.h"
#include "tensorflow/lite/micro/memory_planner/greedy_memory_planner.h"
#include "tensorflow/lite/micro/memory_planner/linear_memory_planner.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_log.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/micro/recording_micro_allocator.h"
#include "tensorflow/lite/micro/system_setup.h"

namespace tflm_hil {
namespace {

constexpr Failure kAllocateFailed = {"allocate_failed", "TFLM failed to allocate tensors"};

// TFLM's interpreter, whose profiler can be changed between two operators. It reads the pointer before each one.
class OpenInterpreter final : public tflite::MicroInterpreter {
 public:
  using MicroInterpreter::MicroInterpreter;

  void SetProfiler(tflite::MicroProfilerInterface* profiler) {
    // The context is a member of the interpreter, so it is no constant; only the way to it says so.
    const_cast<TfLiteContext&>(context()).profiler = profiler;
  }
};

// What Interpreter::storage_ holds.
struct Parts {
  OpenInterpreter interpreter;
  const tflite::SingleArenaBufferAllocator* memory;
  const tflite::RecordingMicroAllocator* recording;  // null: categories were not asked for
};

Parts& In(uint8_t* storage) { return *std::launder(reinterpret_cast<Parts*>(storage)); }
const Parts& In(const uint8_t* storage) { return *std::launder(reinterpret_cast<const Parts*>(storage)); }

// What ReportOperators() has to know, from an interrupt: the invoke that is running, if one is.
struct Running {
  OpenInterpreter* volatile interpreter = nullptr;
  Profiler* volatile profiler = nullptr;
};
Running running;
Reporter reporter;

// The allocators in the arena. They are made one by one, and each only if there is room: TFLM would write to address 0.
struct Allocators {
  tflite::SingleArenaBufferAllocator* memory = nullptr;
  tflite::MicroAllocator* micro = nullptr;
  const tflite::RecordingMicroAllocator* recording = nullptr;
};

template <typename Planner>
tflite::MicroMemoryPlanner* NewPlanner(tflite::SingleArenaBufferAllocator* memory) {
  uint8_t* const room = memory->AllocatePersistentBuffer(sizeof(Planner), alignof(Planner));
  return room == nullptr ? nullptr : new (room) Planner();
}

// As MicroInterpreter's own constructor does it, so that the arena is what it would be for a product; but that one
// keeps to itself where head and tail are.
bool Allocate(uint8_t* arena, size_t bytes, bool preserve, Allocators* made) {
  if (!HasRoom<tflite::SingleArenaBufferAllocator>(arena, bytes)) return false;
  made->memory = tflite::SingleArenaBufferAllocator::Create(arena, bytes);
  tflite::MicroMemoryPlanner* const planner = preserve ? NewPlanner<tflite::LinearMemoryPlanner>(made->memory)
                                                       : NewPlanner<tflite::GreedyMemoryPlanner>(made->memory);
  if (planner == nullptr || !HasRoomForMicroAllocator(*made->memory)) return false;
  made->micro = tflite::MicroAllocator::Create(made->memory, planner);
  return true;
}

// The allocator that counts by category has a planner of its own.
bool AllocateRecording(uint8_t* arena, size_t bytes, Allocators* made) {
  if (!HasRoomForRecording(arena, bytes)) return false;
  tflite::RecordingMicroAllocator* const recording = tflite::RecordingMicroAllocator::Create(arena, bytes);
  // Handed out as constant, and created in the arena as variable.
  made->memory = const_cast<tflite::RecordingSingleArenaBufferAllocator*>(recording->GetSimpleMemoryAllocator());
  made->micro = recording;
  made->recording = recording;
  return true;
}

void CountCategories(const tflite::RecordingMicroAllocator& recording, ArenaUse* use) {
  using Type = tflite::RecordedAllocationType;
  constexpr struct {
    Type type;
    const char* name;
  } kCategories[] = {
      {Type::kTfLiteEvalTensorData, "eval_tensors"},
      {Type::kPersistentTfLiteTensorData, "persistent_tensors"},
      {Type::kPersistentTfLiteTensorQuantizationData, "quantization"},
      {Type::kPersistentBufferData, "persistent_buffers"},
      {Type::kTfLiteTensorVariableBufferData, "variables"},
      {Type::kNodeAndRegistrationArray, "node_registrations"},
      {Type::kOpData, "op_data"},
  };
  static_assert(sizeof kCategories / sizeof kCategories[0] == static_cast<size_t>(Type::kNumAllocationTypes));
  static_assert(sizeof kCategories / sizeof kCategories[0] <= ArenaUse::kMaxCategories);
  for (const auto& category : kCategories) {
    const size_t bytes = recording.GetRecordedAllocation(category.type).used_bytes;
    use->categories[use->category_count++] = {category.name, static_cast<uint32_t>(bytes)};
  }
}

Tensor Describe(const TfLiteTensor& tensor) {
  static_assert(sizeof(int) == sizeof(int32_t));
  return {DtypeName(tensor.type), reinterpret_cast<const int32_t*>(tensor.dims->data),
          static_cast<size_t>(tensor.dims->size), tensor.data.uint8, tensor.bytes};
}

Failure TimedInvoke(OpenInterpreter& interpreter, Profiler* profiler, uint64_t* cycles) {
  interpreter.SetProfiler(profiler);
  running.profiler = profiler;
  running.interpreter = &interpreter;
  Stopwatch stopwatch;
  stopwatch.Start();
  const TfLiteStatus status = interpreter.Invoke();
  *cycles = stopwatch.Stop();
  running.interpreter = nullptr;
  interpreter.SetProfiler(nullptr);
  if (status != kTfLiteOk) return {"invoke_failed", "TFLM failed to invoke"};
  return {};
}

}  // namespace

const EngineInfo kEngine = {"tflm", TFLM_HIL_TFLM_REVISION, TFLM_HIL_KERNELS, true};

void StartEngine() {
  tflite::InitializeTarget();
  if (!RegisterOperators()) panic("TFLM has other operators than this firmware was written for");
}

void EngineLog(const char* line) { MicroPrintf("%s", line); }

void ReportOperators() {
  OpenInterpreter* const interpreter = running.interpreter;
  if (interpreter == nullptr) return;
  Profiler* const profiler = running.profiler;
  if (profiler != nullptr) {
    profiler->Report();
  } else {
    interpreter->SetProfiler(&reporter);
  }
}

Interpreter::Interpreter() {
  static_assert(sizeof(Parts) <= sizeof storage_ && alignof(Parts) <= 8);
}

Interpreter::~Interpreter() { Close(); }

Failure Interpreter::Open(const PackedModel& model, uint8_t* arena, size_t arena_bytes, const OpenOptions& options) {
  Close();
  // A product's arena is zero when it starts, and TFLM does not write all of what it reads (a variable before its first
  // assignment). So a session does not depend on the one before it.
  std::memset(arena, 0, arena_bytes);

  if (options.categories && options.preserve) {
    return {"unsupported", "TFLM counts categories only without preserve_all_tensors"};
  }
  Allocators allocators;
  if (!(options.categories ? AllocateRecording(arena, arena_bytes, &allocators)
                           : Allocate(arena, arena_bytes, options.preserve, &allocators))) {
    return kAllocateFailed;
  }
  tflite::MicroResourceVariables* variables = nullptr;
  if (options.variables > 0) {
    if (!HasRoomForVariables(*allocators.memory, options.variables)) return kAllocateFailed;
    variables = tflite::MicroResourceVariables::Create(allocators.micro, static_cast<int>(options.variables));
  }
  if (!HasRoomForBuiltinData(*allocators.memory)) return kAllocateFailed;

  const tflite::Model* const graph = tflite::GetModel(model.data);
  Parts& parts = *new (storage_)
                     Parts{{graph, Operators(), allocators.micro, variables}, allocators.memory, allocators.recording};
  if (parts.interpreter.AllocateTensors() != kTfLiteOk) {
    // Its destructor would ask operators to free what they never had. All that there is lies in the arena.
    return kAllocateFailed;
  }
  open_ = true;
  return {};
}

void Interpreter::Close() {
  if (!open_) return;
  open_ = false;
  In(storage_).~Parts();
}

size_t Interpreter::input_count() const { return In(storage_).interpreter.inputs_size(); }

size_t Interpreter::output_count() const { return In(storage_).interpreter.outputs_size(); }

// input() and output() of TFLM are not const, but change nothing.
Tensor Interpreter::input(size_t index) const {
  return Describe(*const_cast<OpenInterpreter&>(In(storage_).interpreter).input(index));
}

Tensor Interpreter::output(size_t index) const {
  return Describe(*const_cast<OpenInterpreter&>(In(storage_).interpreter).output(index));
}

ArenaUse Interpreter::arena_use() const {
  const Parts& parts = In(storage_);
  ArenaUse use = {};
  use.used = static_cast<uint32_t>(parts.interpreter.arena_used_bytes());
  use.head = static_cast<uint32_t>(parts.memory->GetNonPersistentUsedBytes());
  use.tail = static_cast<uint32_t>(parts.memory->GetPersistentUsedBytes());
  if (parts.recording != nullptr) CountCategories(*parts.recording, &use);
  return use;
}

Failure Interpreter::Invoke(uint64_t* cycles) { return TimedInvoke(In(storage_).interpreter, nullptr, cycles); }

Failure Interpreter::InvokeProfiled(uint64_t* cycles, Profile* profile) {
  Profiler profiler(profile);
  const Failure failure = TimedInvoke(In(storage_).interpreter, &profiler, cycles);
  profiler.Finish();
  return failure;
}

Failure Interpreter::Reset() {
  if (In(storage_).interpreter.Reset() != kTfLiteOk) return {"reset_failed", "TFLM failed to reset"};
  return {};
}

}  // namespace tflm_hil
