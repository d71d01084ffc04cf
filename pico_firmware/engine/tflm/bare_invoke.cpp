#include "engine/tflm/bare_invoke.h"

#include <cstring>

#include "engine/tflm/resolver.h"
#include "hardware/clocks.h"
#include "hardware/structs/systick.h"
#include "hardware/timer.h"
#include "tensorflow/lite/micro/micro_interpreter.h"

namespace tflm_hil {

Failure BareInvoke(const PackedModel& model, uint8_t* arena, size_t bytes, uint32_t repeats, uint64_t* cycles) {
  constexpr uint32_t kSysTickMask = 0xFFFFFF;
  const uint64_t cycles_per_second = clock_get_hz(clk_sys);

  tflite::MicroInterpreter interpreter(tflite::GetModel(model.data), Operators(), arena, bytes);
  if (interpreter.AllocateTensors() != kTfLiteOk) return {"allocate_failed", "TFLM failed to allocate tensors"};
  for (uint32_t repeat = 0; repeat < repeats; ++repeat) {
    for (size_t i = 0; i < interpreter.inputs_size(); ++i) {
      std::memset(interpreter.input(i)->data.raw, 0, interpreter.input(i)->bytes);
    }
    const uint32_t start_us = timer_hw->timerawl;
    const uint32_t start = systick_hw->cvr;
    const TfLiteStatus status = interpreter.Invoke();
    const uint32_t end = systick_hw->cvr;
    const uint32_t us = timer_hw->timerawl - start_us;
    if (status != kTfLiteOk) return {"invoke_failed", "TFLM failed to invoke"};
    const uint64_t coarse = us * cycles_per_second / 1000000;
    cycles[repeat] = coarse < kSysTickMask / 2 ? (start - end) & kSysTickMask : coarse;
  }
  return {};
}

}  // namespace tflm_hil
