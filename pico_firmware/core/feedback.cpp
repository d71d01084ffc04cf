#include "core/feedback.h"

namespace tflm_hil {
namespace {

constexpr const char* kExpected = "feed: pairs OUTPUT:INPUT expected, with commas between them";

// One or two digits; moves `*text` behind them.
bool ReadIndex(const char** text, uint8_t* index) {
  uint32_t value = 0;
  size_t digits = 0;
  for (; **text >= '0' && **text <= '9'; ++*text) {
    if (++digits > 2) return false;
    value = value * 10 + static_cast<uint32_t>(**text - '0');
  }
  *index = static_cast<uint8_t>(value);
  return digits > 0 && value <= Feedback::kMaxIndex;
}

}  // namespace

const char* Feedback::Parse(const char* text) {
  *this = Feedback();
  if (text == nullptr) return nullptr;
  for (;;) {
    if (count_ == kMaxPairs) return "feed: 16 pairs at most expected";
    Pair& pair = pairs_[count_++];
    if (!ReadIndex(&text, &pair.output) || *text++ != ':' || !ReadIndex(&text, &pair.input)) return kExpected;
    const uint32_t bit = uint32_t{1} << pair.input;
    if ((inputs_ & bit) != 0) return "feed: each input once expected";
    inputs_ |= bit;
    if (*text == '\0') return nullptr;
    if (*text++ != ',') return kExpected;
  }
}

}  // namespace tflm_hil
