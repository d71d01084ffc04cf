// CRC-32 and base64.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/base64.h"
#include "core/crc32.h"
#include "support.h"

using namespace tflm_hil;

namespace {

// As docs/protocol.md has it: bit by bit.
uint32_t PlainCrc32(const uint8_t* data, size_t size) {
  uint32_t crc = 0xFFFFFFFF;
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320 & (0u - (crc & 1)));
  }
  return ~crc;
}

std::vector<uint8_t> RandomBytes(Random& random, size_t size) {
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(256));
  return bytes;
}

std::string Encoded(const std::vector<uint8_t>& bytes) {
  std::string text(Base64Size(bytes.size()), '?');
  CHECK(Base64Encode(bytes.data(), bytes.size(), text.data()) == text.size());
  return text;
}

std::string Encoded(const std::string& text) { return Encoded(std::vector<uint8_t>(text.begin(), text.end())); }

}  // namespace

TEST_CASE("crc32 has the check values of the protocol") {
  CHECK(Crc32("123456789", 9) == 0xCBF43926);
  CHECK(Crc32(nullptr, 0) == 0);
}

TEST_CASE("crc32 equals the plain one, in one piece or many") {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const auto bytes = RandomBytes(random, random.Below(200));
    const uint32_t expected = PlainCrc32(bytes.data(), bytes.size());
    uint32_t crc = 0;
    for (size_t at = 0; at < bytes.size();) {
      const size_t piece = 1 + random.Below(static_cast<uint32_t>(bytes.size() - at));
      crc = Crc32(bytes.data() + at, piece, crc);
      at += piece;
    }
    CHECK(crc == expected);
    CHECK(Crc32(bytes.data(), bytes.size()) == expected);
  }
}

TEST_CASE("two crc32 are joined without the bytes") {
  Random random(2);
  for (int round = 0; round < 300; ++round) {
    const auto bytes = RandomBytes(random, random.Below(2000));
    const size_t cut = random.Below(static_cast<uint32_t>(bytes.size() + 1));
    const uint32_t first = Crc32(bytes.data(), cut);
    const uint32_t second = Crc32(bytes.data() + cut, bytes.size() - cut);
    CHECK(Crc32Join(first, second, bytes.size() - cut) == PlainCrc32(bytes.data(), bytes.size()));
  }
}

TEST_CASE("a crc32 is written with eight lower-case digits") {
  char text[kCrc32TextBytes];
  Crc32Text(0x00ABCDEF, text);
  CHECK(std::string(text) == "00abcdef");
  Crc32Text(0, text);
  CHECK(std::string(text) == "00000000");
}

TEST_CASE("base64 has the vectors of RFC 4648") {
  CHECK(Encoded("").empty());
  CHECK(Encoded("f") == "Zg==");
  CHECK(Encoded("fo") == "Zm8=");
  CHECK(Encoded("foo") == "Zm9v");
  CHECK(Encoded("foob") == "Zm9vYg==");
  CHECK(Encoded("fooba") == "Zm9vYmE=");
  CHECK(Encoded("foobar") == "Zm9vYmFy");
  CHECK(Encoded(std::vector<uint8_t>{0xFB, 0xFF, 0xFE}) == "+//+");
}

TEST_CASE("base64 of pieces is base64 of the whole") {
  Random random(3);
  const auto bytes = RandomBytes(random, 3072 + 100);
  const std::vector<uint8_t> first(bytes.begin(), bytes.begin() + 3072);
  const std::vector<uint8_t> second(bytes.begin() + 3072, bytes.end());
  CHECK(Encoded(first).size() == 4096);
  CHECK(Encoded(first) + Encoded(second) == Encoded(bytes));
}
