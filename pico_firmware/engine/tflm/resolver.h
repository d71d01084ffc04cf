// The operators that models can have: all of TFLM's.
#pragma once

#include "tensorflow/lite/micro/micro_op_resolver.h"

namespace tflm_hil {

// Once, at start-up. False: TFLM has other operators than this firmware was written for.
bool RegisterOperators();

const tflite::MicroOpResolver& Operators();

}  // namespace tflm_hil
