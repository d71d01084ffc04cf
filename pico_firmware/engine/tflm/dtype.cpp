#include "engine/tflm/dtype.h"

namespace tflm_hil {

// The same types as the harness takes: harness/models/schema_table.py.
const char* DtypeName(TfLiteType type) {
  switch (type) {
    case kTfLiteFloat16:
      return "float16";
    case kTfLiteFloat32:
      return "float32";
    case kTfLiteFloat64:
      return "float64";
    case kTfLiteInt8:
      return "int8";
    case kTfLiteInt16:
      return "int16";
    case kTfLiteInt32:
      return "int32";
    case kTfLiteInt64:
      return "int64";
    case kTfLiteUInt8:
      return "uint8";
    case kTfLiteUInt16:
      return "uint16";
    case kTfLiteUInt32:
      return "uint32";
    case kTfLiteUInt64:
      return "uint64";
    case kTfLiteBool:
      return "bool";
    case kTfLiteComplex64:
      return "complex64";
    case kTfLiteComplex128:
      return "complex128";
    default:
      return nullptr;
  }
}

}  // namespace tflm_hil
