// TFLM's hook for what a target needs before anything else: here the SDK has done it all before main().
#include "tensorflow/lite/micro/system_setup.h"

namespace tflite {

void InitializeTarget() {}

}  // namespace tflite
