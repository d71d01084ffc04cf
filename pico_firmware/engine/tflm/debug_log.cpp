// What TFLM says goes to the console.
#include "tensorflow/lite/micro/debug_log.h"

#include <cstdio>

#include "device/console.h"

namespace {

// TFLM's longest lines have some 150 characters; what is cut off of a longer one shows.
constexpr size_t kMaxText = 256;
constexpr char kCut[] = "...";

}  // namespace

extern "C" void DebugLog(const char* format, va_list arguments) {
  char text[kMaxText];
  const int wanted = vsnprintf(text, sizeof text, format, arguments);
  if (wanted <= 0) return;
  size_t size = static_cast<size_t>(wanted);
  if (size >= sizeof text) {
    size = sizeof text - 1;
    for (size_t i = 0; i < sizeof kCut - 1; ++i) text[size - (sizeof kCut - 1) + i] = kCut[i];
  }
  tflm_hil::LogText(text, size);
}

extern "C" int DebugVsnprintf(char* buffer, size_t size, const char* format, va_list arguments) {
  return vsnprintf(buffer, size, format, arguments);
}
