// Names of element types.
#pragma once

#include "tensorflow/lite/c/c_api_types.h"

namespace tflm_hil {

// numpy's name, or null: numpy has none, or elements of this type cannot be passed in or out.
const char* DtypeName(TfLiteType type);

}  // namespace tflm_hil
