#include <cmath>
#include <iterator>

#include "engine/tflm/model_check.h"

namespace tflm_hil {
namespace {

using tflite::TensorType;

constexpr uint32_t kMaxRank = 32;  // numpy's limit before 2.0; TFLM's kernels take fewer
constexpr uint64_t kMaxBytes = INT32_MAX;  // TFLM counts in an int

// In the order of the schema's enum TensorType.
constexpr uint8_t kElementBits[] = {32, 16, 32, 8, 64, 0, 8, 16, 64, 8, 64, 128, 64, 0, 0, 32, 16, 4, 16, 2, 4, 8, 8};
static_assert(std::size(kElementBits) == tflite::TensorType_MAX + 1 && tflite::TensorType_INT4 == 17);

struct Range {
  int64_t low;
  int64_t high;
};

Range ZeroPoints(TensorType type) {
  switch (type) {
    case tflite::TensorType_INT8:
      return {INT8_MIN, INT8_MAX};
    case tflite::TensorType_UINT8:
      return {0, UINT8_MAX};
    case tflite::TensorType_INT16:
      return {INT16_MIN, INT16_MAX};
    default:
      return {INT32_MIN, INT32_MAX};
  }
}

class TensorCheck {
 public:
  TensorCheck(const tflite::Model& model, Effort* effort) : model_(model), effort_(effort) {}

  bool Run() {
    for (subgraph_ = 0; subgraph_ < model_.subgraphs()->size(); ++subgraph_) {
      const auto& tensors = *model_.subgraphs()->Get(subgraph_)->tensors();
      for (index_ = 0; index_ < tensors.size(); ++index_) {
        const tflite::Tensor& tensor = *tensors.Get(index_);
        if (!Shape(tensor) || !Buffer(tensor) || !Quantization(tensor)) return false;
      }
    }
    return true;
  }

 private:
  bool Wrong(const char* what) const {
    return Reject("subgraph %u tensor %u: %s", static_cast<unsigned>(subgraph_), static_cast<unsigned>(index_), what);
  }

  bool Shape(const tflite::Tensor& tensor) {
    if (ElementBits(tensor.type()) < 0) return Wrong("its type is unknown");
    if (tensor.shape() == nullptr) return true;
    if (tensor.shape()->size() > kMaxRank) return Wrong("it has more than 32 dimensions");
    if (!effort_->Spend(tensor.shape()->size())) return false;
    uint64_t elements = 1;
    for (const int32_t extent : *tensor.shape()) {
      if (extent < 0) return Wrong("a dimension is negative; TFLM needs fixed sizes, batch size included");
      elements *= static_cast<uint32_t>(extent);
      // Now, because a zero further on would hide it.
      if (elements > kMaxBytes) return Wrong("it has more elements than 31 bits can count");
    }
    if (TensorBytes(tensor) > kMaxBytes) return Wrong("it has more bytes than 31 bits can count");
    return true;
  }

  bool Buffer(const tflite::Tensor& tensor) const {
    if (tensor.external_buffer() != 0) return Wrong("its data lie in an external file, which TFLM does not read");
    if (tensor.buffer() >= model_.buffers()->size()) return Wrong("its buffer is out of range");
    const auto* const data = model_.buffers()->Get(tensor.buffer())->data();
    if (data == nullptr || data->size() == 0) return true;
    // Sparse constants are stored packed, and elements without fixed size have no size to compare.
    if (ElementBits(tensor.type()) == 0 || tensor.sparsity() != nullptr) return true;
    if (data->size() != TensorBytes(tensor)) {
      return Wrong("its buffer has another size than its shape; compressed models are not supported");
    }
    return true;
  }

  bool Quantization(const tflite::Tensor& tensor) {
    const tflite::QuantizationParameters* const quantization = tensor.quantization();
    if (quantization == nullptr) return true;
    const uint32_t scales = quantization->scale() == nullptr ? 0 : quantization->scale()->size();
    const uint32_t zero_points = quantization->zero_point() == nullptr ? 0 : quantization->zero_point()->size();
    if (!effort_->Spend(size_t{scales} + zero_points)) return false;
    for (uint32_t i = 0; i < scales; ++i) {
      const float scale = quantization->scale()->Get(i);
      if (!std::isfinite(scale) || scale < 0) return Wrong("a quantisation scale is negative or not finite");
    }
    const Range range = ZeroPoints(tensor.type());
    for (uint32_t i = 0; i < zero_points; ++i) {
      const int64_t zero_point = quantization->zero_point()->Get(i);
      if (zero_point < range.low || zero_point > range.high) return Wrong("a zero point is out of its type's range");
    }
    // As a saving, one zero point may stand for all channels.
    if (scales > 0 && zero_points > 1 && zero_points != scales) return Wrong("its zero points are not one per scale");
    if (scales <= 1) return true;
    const uint32_t rank = tensor.shape() == nullptr ? 0 : tensor.shape()->size();
    // Older converters gave a bias, which has one dimension, its weights' quantized_dimension; TFLM ignores it.
    const int32_t axis = rank == 1 ? 0 : quantization->quantized_dimension();
    if (axis < 0 || static_cast<uint32_t>(axis) >= rank) return Wrong("its quantized dimension is out of range");
    if (scales != static_cast<uint32_t>(tensor.shape()->Get(static_cast<uint32_t>(axis)))) {
      return Wrong("its scales are not one per element of the quantized dimension");
    }
    return true;
  }

  const tflite::Model& model_;
  Effort* effort_;
  uint32_t subgraph_ = 0;
  uint32_t index_ = 0;
};

}  // namespace

int ElementBits(TensorType type) {
  return type < 0 || type > tflite::TensorType_MAX ? -1 : kElementBits[type];
}

uint64_t TensorBytes(const tflite::Tensor& tensor) {
  uint64_t elements = 1;
  if (tensor.shape() != nullptr) {
    for (const int32_t extent : *tensor.shape()) elements *= static_cast<uint32_t>(extent);
  }
  return (elements * static_cast<uint32_t>(ElementBits(tensor.type())) + 7) / 8;
}

bool CheckTensors(const tflite::Model& model, Effort* effort) { return TensorCheck(model, effort).Run(); }

}  // namespace tflm_hil
