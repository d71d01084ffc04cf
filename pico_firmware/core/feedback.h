// The argument `feed` of `invoke`: which outputs become which inputs of the next one (docs/protocol.md, "invoke").
#pragma once

#include <cstddef>
#include <cstdint>

namespace tflm_hil {

class Feedback {
 public:
  struct Pair {
    uint8_t output;
    uint8_t input;
  };
  // The shortest pair is "0:0,", and a value has 64 characters.
  static constexpr size_t kMaxPairs = 16;
  // A bit for each input.
  static constexpr uint32_t kMaxIndex = 31;

  // Reads "OUTPUT:INPUT,OUTPUT:INPUT", in the order in which they are copied; null is no feed. Null if it is one, else a
  // sentence for the error record.
  const char* Parse(const char* text);

  const Pair* begin() const { return pairs_; }
  const Pair* end() const { return pairs_ + count_; }
  bool empty() const { return count_ == 0; }
  // The inputs that are fed, a bit each.
  uint32_t inputs() const { return inputs_; }

 private:
  size_t count_ = 0;
  uint32_t inputs_ = 0;
  Pair pairs_[kMaxPairs] = {};
};

}  // namespace tflm_hil
