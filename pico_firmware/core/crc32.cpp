#include "core/crc32.h"

namespace tflm_hil {
namespace {

constexpr uint32_t kPolynomial = 0xEDB88320;  // 0x04C11DB7 with its bits in reverse

struct Table {
  uint32_t of_nibble[16];
};

constexpr Table MakeTable() {
  Table table{};
  for (uint32_t nibble = 0; nibble < 16; ++nibble) {
    uint32_t crc = nibble;
    for (int bit = 0; bit < 4; ++bit) crc = (crc >> 1) ^ (kPolynomial & (0u - (crc & 1)));
    table.of_nibble[nibble] = crc;
  }
  return table;
}

// Sixteen entries, 64 bytes. At some 15 cycles per byte a Cortex-M0+ of 125 MHz does 8 MB/s: seven times what USB
// full speed brings, and a full pack of 1 MB takes an eighth of a second at start-up. Slicing-by-4 would be twice as
// fast, for 4 KiB of flash that the 16 KiB XIP cache would have to share with the code.
constexpr Table kTable = MakeTable();
static_assert(sizeof kTable == 64, "the table is meant to be small");
static_assert(kTable.of_nibble[8] == kPolynomial, "a lone top bit falls out as the polynomial itself");

// The product of two polynomials modulo the CRC's. Bits are in reverse: the top bit is x^0.
uint32_t Multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 0x80000000; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = (b >> 1) ^ (kPolynomial & (0u - (b & 1)));
  }
  return product;
}

}  // namespace

uint32_t Crc32(const void* data, size_t size, uint32_t before) {
  const uint8_t* byte = static_cast<const uint8_t*>(data);
  uint32_t crc = ~before;
  for (; size > 0; --size) {
    crc ^= *byte++;
    crc = (crc >> 4) ^ kTable.of_nibble[crc & 15];
    crc = (crc >> 4) ^ kTable.of_nibble[crc & 15];
  }
  return ~crc;
}

uint32_t Crc32Join(uint32_t first, uint32_t second, size_t second_size) {
  // A byte behind the first piece multiplies its CRC by x^8; `second_size` of them are a power, found by squaring.
  uint32_t power = uint32_t{1} << 23;  // x^8
  for (; second_size > 0; second_size >>= 1) {
    if (second_size & 1) first = Multiply(power, first);
    power = Multiply(power, power);
  }
  return first ^ second;
}

void Crc32Text(uint32_t crc, char (&text)[kCrc32TextBytes]) {
  for (size_t digit = 0; digit < 8; ++digit) text[digit] = "0123456789abcdef"[(crc >> (28 - 4 * digit)) & 15];
  text[8] = '\0';
}

}  // namespace tflm_hil
