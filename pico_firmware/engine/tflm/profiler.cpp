#include "engine/tflm/profiler.h"

#include "device/progress.h"

namespace tflm_hil {

Stopwatch::Reading Profiler::readings_[Profile::kMaxOps];

uint32_t Reporter::BeginEvent(const char* name) {
  OnOperator(name);
  return 0;
}

Profiler::Profiler(Profile* profile) : profile_(profile) {
  profile_->count = 0;
  profile_->dropped = 0;
}

uint32_t Profiler::BeginEvent(const char* name) {
  if (reporting_) OnOperator(name);
  uint32_t event = kDropped;
  if (profile_->count < Profile::kMaxOps && nested_ < kMaxNested) {
    event = static_cast<uint32_t>(profile_->count++);
    profile_->ops[event] = {name, 0};
    readings_[event] = {0, 0};
  } else {
    ++profile_->dropped;
  }
  if (nested_ < kMaxNested) stopwatches_[nested_].Start();
  ++nested_;
  return event;
}

void Profiler::EndEvent(uint32_t event) {
  // TFLM ends operators in the reverse order of their beginning.
  --nested_;
  if (event == kDropped) return;
  readings_[event] = stopwatches_[nested_].Read();
}

void Profiler::Finish() {
  for (size_t i = 0; i < profile_->count; ++i) {
    const uint64_t cycles = Stopwatch::Cycles(readings_[i]);
    profile_->ops[i].cycles = cycles > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(cycles);
  }
}

}  // namespace tflm_hil
