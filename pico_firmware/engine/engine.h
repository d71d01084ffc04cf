// What runs models. Exactly one engine is linked: engine/tflm, or engine/loopback for tests of everything around it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/model_pack.h"

namespace tflm_hil {

// Why something was not done: an error code of docs/protocol.md and a sentence for a person. Both are literals.
struct Failure {
  const char* code = nullptr;  // null: it was done
  const char* message = "";
  explicit operator bool() const { return code != nullptr; }
};

struct OpenOptions {
  uint32_t variables;   // slots for resource variables
  bool preserve;        // preserve_all_tensors
  bool categories;      // count persistent bytes by category, which itself costs arena
};

// A tensor of an open interpreter, valid until it is closed.
struct Tensor {
  const char* dtype;    // numpy's name: "int8"
  const int32_t* dims;  // `rank` of them
  size_t rank;
  uint8_t* data;
  size_t bytes;
};

// Bytes of the arena after AllocateTensors().
struct ArenaUse {
  struct Category {
    const char* name;
    uint32_t bytes;
  };
  static constexpr size_t kMaxCategories = 8;

  uint32_t used;
  uint32_t head;
  uint32_t tail;
  size_t category_count;
  Category categories[kMaxCategories];
};

// The operators of one invoke, in order of execution.
struct Profile {
  struct Op {
    const char* name;  // lives as long as the firmware
    uint32_t cycles;   // an operator of 2^32 cycles is one that the watchdog ended
  };
  static constexpr size_t kMaxOps = 256;

  size_t count = 0;
  size_t dropped = 0;  // that had no room
  Op ops[kMaxOps];
};

// What is compiled in.
struct EngineInfo {
  const char* name;      // `engine` of identify: "tflm", "loopback"
  const char* revision;  // `tflm` of identify: the TFLM commit, or "none"
  const char* kernels;   // `kernels` of identify: whose, and how they were compiled
  bool profiles;         // whether InvokeProfiled() works
};
extern const EngineInfo kEngine;

// Once, before anything else of the engine.
void StartEngine();

// Looks at a model before the engine is given it: alignment, identifier, schema version, and every offset in it.
// `*input_bytes` becomes what its inputs need together, each rounded up to 16.
Failure CheckModel(const PackedModel& model, size_t* input_bytes);

// To be called from an interrupt during an invoke that takes long: from the next operator on, OnOperator() is called
// (device/progress.h). An invoke that is over in a moment pays nothing for that.
void ReportOperators();

// A line of log output, without its end, on the way that the engine's own take.
void EngineLog(const char* line);

// One model in one piece of memory.
class Interpreter {
 public:
  Interpreter();
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  // `model` has passed CheckModel(). `arena` is aligned to 16, exactly `arena_bytes` long, and this interpreter's until
  // Close(). After a failure nothing is left of it.
  Failure Open(const PackedModel& model, uint8_t* arena, size_t arena_bytes, const OpenOptions& options);
  void Close();

  size_t input_count() const;
  size_t output_count() const;
  Tensor input(size_t index) const;
  Tensor output(size_t index) const;
  ArenaUse arena_use() const;

  // One invoke. `*cycles` is the time of TFLM's Invoke() alone.
  Failure Invoke(uint64_t* cycles);
  // The same, and the time of each operator; that costs time of its own.
  Failure InvokeProfiled(uint64_t* cycles, Profile* profile);

  // TFLM's Reset().
  Failure Reset();

 private:
  static constexpr size_t kStorageBytes = 512;
  // The engine's own objects. No engine's header is needed to hold one.
  alignas(8) uint8_t storage_[kStorageBytes];
  bool open_ = false;
};

}  // namespace tflm_hil
