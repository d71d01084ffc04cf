// Who is told when operators begin and end. TFLM calls a profiler for each operator; without one it calls nobody.
#pragma once

#include <cstddef>
#include <cstdint>

#include "device/stopwatch.h"
#include "engine/engine.h"
#include "tensorflow/lite/micro/compatibility.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"

namespace tflm_hil {

// Passes on that an operator begins.
class Reporter final : public tflite::MicroProfilerInterface {
 public:
  uint32_t BeginEvent(const char* name) override;
  void EndEvent(uint32_t) override {}

  TF_LITE_REMOVE_VIRTUAL_DELETE
};

// Measures operators. One that runs another subgraph (IF, WHILE, CALL_ONCE) comes before that one's, and its time has
// theirs in it.
class Profiler final : public tflite::MicroProfilerInterface {
 public:
  // Starts with an empty `profile`.
  explicit Profiler(Profile* profile);

  uint32_t BeginEvent(const char* name) override;
  void EndEvent(uint32_t event) override;

  // After the invoke: readings become cycles. In the middle of it, that would take now longer and now shorter.
  void Finish();

  // Safe in an interrupt: from the next operator on, passes on that one begins.
  void Report() { reporting_ = true; }

  TF_LITE_REMOVE_VIRTUAL_DELETE

 private:
  static constexpr size_t kMaxNested = 8;
  static constexpr uint32_t kDropped = UINT32_MAX;

  static Stopwatch::Reading readings_[Profile::kMaxOps];  // too large for the stack

  Profile* profile_;
  volatile bool reporting_ = false;
  size_t nested_ = 0;
  Stopwatch stopwatches_[kMaxNested];  // of the operators that have begun and not ended
};

}  // namespace tflm_hil
