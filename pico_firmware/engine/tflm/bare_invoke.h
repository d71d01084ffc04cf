// For test builds: TFLM without this firmware's engine around it, to compare the engine with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/engine.h"

namespace tflm_hil {

// Builds a plain tflite::MicroInterpreter as TFLM's examples do, invokes it `repeats` times on inputs that are 0, and
// writes each invoke's duration to `cycles`, by SysTick as it is (to a microsecond, if longer than SysTick can count).
// Models with resource variables are not for this.
Failure BareInvoke(const PackedModel& model, uint8_t* arena, size_t bytes, uint32_t repeats, uint64_t* cycles);

}  // namespace tflm_hil
