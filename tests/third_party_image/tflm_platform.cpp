// What TFLM asks of a platform, on pico-sdk's stdio; and tests that are repeated.
#include <cstdarg>
#include <cstdio>

#include "pico/stdlib.h"
#include "tensorflow/lite/micro/debug_log.h"
#include "tensorflow/lite/micro/micro_time.h"
#include "tensorflow/lite/micro/system_setup.h"

namespace tflite {

void InitializeTarget() {}

uint32_t ticks_per_second() { return 1000000; }

uint32_t GetCurrentTimeTicks() { return time_us_32(); }

}  // namespace tflite

int TestsOfTflm(int argc, char** argv);

// On a Pico a program that ends stands still at once, with its last words unsent. So it does not end.
int main() {
  stdio_init_all();
  while (true) {
    TestsOfTflm(0, nullptr);
    sleep_ms(100);
  }
}

void DebugLog(const char* format, va_list args) { vprintf(format, args); }

int DebugVsnprintf(char* buffer, size_t size, const char* format, va_list args) {
  return vsnprintf(buffer, size, format, args);
}
