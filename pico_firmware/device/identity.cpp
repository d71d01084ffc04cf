#include "device/identity.h"

#include <cstddef>
#include <cstdint>

#include "pico/unique_id.h"

extern "C" const uint8_t __build_id_start[];

namespace tflm_hil {
namespace {

constexpr size_t kSerialBytes = PICO_UNIQUE_BOARD_ID_SIZE_BYTES;
constexpr size_t kBuildBytes = 8;
// An ELF note: three words, the name "GNU\0", and then the 20 bytes of a SHA-1.
constexpr size_t kNoteHeaderBytes = 16;

char serial[2 * kSerialBytes + 1];
char build[2 * kBuildBytes + 1];

void ToHex(const uint8_t* bytes, size_t size, char* text, const char* digits) {
  for (size_t i = 0; i < size; ++i) {
    text[2 * i] = digits[bytes[i] >> 4];
    text[2 * i + 1] = digits[bytes[i] & 15];
  }
  text[2 * size] = '\0';
}

}  // namespace

void ReadIdentity() {
  pico_unique_board_id_t id;
  pico_get_unique_board_id(&id);
  // As picotool and pico-sdk's own USB serial port write it.
  ToHex(id.id, kSerialBytes, serial, "0123456789ABCDEF");
  ToHex(__build_id_start + kNoteHeaderBytes, kBuildBytes, build, "0123456789abcdef");
}

const char* SerialNumber() { return serial; }
const char* BuildId() { return build; }

const char* ChipName() {
#if PICO_RP2040
  return "RP2040";
#else
  return "RP2350";
#endif
}

const char* CompilerName() { return "GCC " __VERSION__; }

}  // namespace tflm_hil
