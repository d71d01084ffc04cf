// A program as others write them: pico-sdk's own USB serial port, and a log. What becomes of it is chosen when it is built.
#include <stdio.h>

#include "hardware/watchdog.h"
#include "pico/stdlib.h"

// Builds that end in a verdict say it again and again, as TFLM's tests on a Pico do: a computer that opens the port
// later misses nothing.
static void say_forever(const char *passed, const char *verdict) {
  while (true) {
    printf("Testing FirstOfTwo\nTesting SecondOfTwo\n%s tests passed\n%s\n\n", passed, verdict);
    sleep_ms(100);
  }
}

int main(void) {
  stdio_init_all();
#if defined(IMAGE_PASSES)
  say_forever("2/2", "~~~ALL TESTS PASSED~~~");
#elif defined(IMAGE_FAILS)
  say_forever("1/2", "~~~SOME TESTS FAILED~~~");
#elif defined(IMAGE_TALKS)
  while (true) {
    // A terminal's sequence, and a character that no XML can have.
    printf("still at it \x1b[2J\x01\n");
    sleep_ms(100);
  }
#elif defined(IMAGE_MUTE)
  while (true) tight_loop_contents();
#else
  while (!stdio_usb_connected()) sleep_ms(1);
  printf("Testing TheOnlyOne of %d\n", 1);
  stdio_flush();
  sleep_ms(20);
#if defined(IMAGE_HANGS)
  while (true) tight_loop_contents();
#elif defined(IMAGE_PANICS)
  panic("tensor %d has no data", 7);
#elif defined(IMAGE_RESTARTS)
  watchdog_reboot(0, 0, 1);
  while (true) tight_loop_contents();
#else
#error "what becomes of this image is not said"
#endif
#endif
}
