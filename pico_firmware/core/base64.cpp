#include "core/base64.h"

namespace tflm_hil {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static_assert(sizeof kAlphabet == 64 + 1, "one character for six bits");

}  // namespace

size_t Base64Encode(const uint8_t* data, size_t size, char* text) {
  char* const start = text;
  for (; size >= 3; size -= 3, data += 3) {
    const uint32_t bits = (uint32_t{data[0]} << 16) | (uint32_t{data[1]} << 8) | data[2];
    *text++ = kAlphabet[bits >> 18];
    *text++ = kAlphabet[(bits >> 12) & 63];
    *text++ = kAlphabet[(bits >> 6) & 63];
    *text++ = kAlphabet[bits & 63];
  }
  if (size > 0) {
    const uint32_t bits = (uint32_t{data[0]} << 16) | (size == 2 ? uint32_t{data[1]} << 8 : 0);
    *text++ = kAlphabet[bits >> 18];
    *text++ = kAlphabet[(bits >> 12) & 63];
    *text++ = size == 2 ? kAlphabet[(bits >> 6) & 63] : '=';
    *text++ = '=';
  }
  return static_cast<size_t>(text - start);
}

}  // namespace tflm_hil
