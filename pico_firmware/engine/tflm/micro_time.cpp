// Time for those of TFLM's parts that ask for it.
#include "tensorflow/lite/micro/micro_time.h"

#include "hardware/timer.h"

namespace tflite {

uint32_t ticks_per_second() { return 1000000; }

uint32_t GetCurrentTimeTicks() { return timer_hw->timerawl; }

}  // namespace tflite
