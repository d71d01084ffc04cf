// Whether bytes are a model that TFLM can be given. TFLM follows every offset and index unchecked, so what is wrong in
// the file would be a crash or a wrong result. The harness checks the same before it flashes: harness/models/verify.py.
// This is for what came another way.
#include "engine/tflm/model_check.h"

#include <cstdarg>

#include "engine/engine.h"
#include "engine/tflm/dtype.h"
#include "flatbuffers/verifier.h"
#include "tensorflow/lite/core/api/flatbuffer_conversions.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_log.h"

namespace tflm_hil {
namespace {

constexpr size_t kAlignment = 16;
constexpr size_t kMinBytes = 8;       // the root's offset and the identifier
constexpr uint32_t kMaxDepth = 64;    // the schema nests less than ten
constexpr uint32_t kMaxInOutRank = 8;  // what a record may have: docs/protocol.md
constexpr Failure kRejected = {"model_rejected", "not a model that TFLM can be given; the log says what is wrong"};

// That the harness can pass these tensors in or out.
bool CheckInOut(const tflite::SubGraph& subgraph, const flatbuffers::Vector<int32_t>& indexes, const char* what,
                bool constants_allowed, const tflite::Model& model) {
  for (uint32_t i = 0; i < indexes.size(); ++i) {
    const tflite::Tensor& tensor = *subgraph.tensors()->Get(static_cast<uint32_t>(indexes.Get(i)));
    TfLiteType type = kTfLiteNoType;
    if (tflite::ConvertTensorType(tensor.type(), &type, nullptr) != kTfLiteOk || DtypeName(type) == nullptr) {
      return Reject("%s %u is of type %s, which cannot be passed in or out", what, static_cast<unsigned>(i),
                    tflite::EnumNameTensorType(tensor.type()));
    }
    if (tensor.shape() != nullptr && tensor.shape()->size() > kMaxInOutRank) {
      return Reject("%s %u has %u dimensions: at most %u expected", what, static_cast<unsigned>(i),
                    static_cast<unsigned>(tensor.shape()->size()), static_cast<unsigned>(kMaxInOutRank));
    }
    const flatbuffers::Vector<uint8_t>* const stored = model.buffers()->Get(tensor.buffer())->data();
    if (!constants_allowed && stored != nullptr && stored->size() > 0) {
      return Reject("%s %u is a constant, which lies in flash and cannot be written", what, static_cast<unsigned>(i));
    }
  }
  return true;
}

bool SumInputs(const tflite::SubGraph& subgraph, size_t* sum) {
  uint64_t bytes = 0;
  for (const int32_t index : *subgraph.inputs()) {
    const uint64_t one = TensorBytes(*subgraph.tensors()->Get(static_cast<uint32_t>(index)));
    bytes += (one + kAlignment - 1) / kAlignment * kAlignment;
    if (bytes > INT32_MAX) return Reject("its inputs together have more bytes than 31 bits can count");
  }
  *sum = static_cast<size_t>(bytes);
  return true;
}

bool Check(const PackedModel& packed, size_t* input_bytes) {
  if (reinterpret_cast<uintptr_t>(packed.data) % kAlignment != 0) {
    return Reject("it lies at %p, which is no multiple of 16", static_cast<const void*>(packed.data));
  }
  if (packed.size < kMinBytes) return Reject("it has only %u bytes: truncated", static_cast<unsigned>(packed.size));
  if (packed.size > INT32_MAX) return Reject("it has %u bytes: too many", static_cast<unsigned>(packed.size));
  if (!tflite::ModelBufferHasIdentifier(packed.data)) return Reject("expected TFL3 at byte 4: not a .tflite model");

  flatbuffers::Verifier::Options options;
  options.max_depth = kMaxDepth;
  // A table takes four bytes or more, so a sound file has no more of them.
  options.max_tables = packed.size / 4;
  flatbuffers::Verifier verifier(packed.data, packed.size, options);
  if (!tflite::VerifyModelBuffer(verifier)) return Reject("an offset in it leads nowhere: truncated or damaged");

  const tflite::Model& model = *tflite::GetModel(packed.data);
  if (model.version() != TFLITE_SCHEMA_VERSION) {
    return Reject("schema version %d expected, %u came", TFLITE_SCHEMA_VERSION, static_cast<unsigned>(model.version()));
  }
  Effort effort(packed.size);
  if (!CheckGraph(model, &effort) || !CheckTensors(model, &effort) || !CheckCalls(model, &effort)) return false;
  const tflite::SubGraph& subgraph = *model.subgraphs()->Get(0);
  return CheckInOut(subgraph, *subgraph.inputs(), "input", false, model) &&
         CheckInOut(subgraph, *subgraph.outputs(), "output", true, model) && SumInputs(subgraph, input_bytes);
}

}  // namespace

Failure CheckModel(const PackedModel& model, size_t* input_bytes) {
  *input_bytes = 0;
  return Check(model, input_bytes) ? Failure{} : kRejected;
}

bool Reject(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char text[160];
  MicroVsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  MicroPrintf("model rejected: %s", text);
  return false;
}

bool Effort::Spend(size_t elements) {
  if (elements > left_) return Reject("its parts overlap many times over; a sound model's do not");
  left_ -= elements;
  return true;
}

}  // namespace tflm_hil
