#include "core/json.h"

#include "core/base64.h"
#include "core/crc32.h"

namespace tflm_hil {
namespace {

// The letter behind the backslash, or 0 for characters that have none.
char ShortEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    default:
      return 0;
  }
}

bool IsPrintable(char c) { return c >= ' ' && c <= '~'; }

size_t QuotedSize(const char* bytes, size_t size) {
  size_t quoted = 2;
  for (size_t i = 0; i < size; ++i) {
    const bool is_short = ShortEscape(bytes[i]) != 0;
    quoted += is_short ? 2u : IsPrintable(bytes[i]) ? 1u : 6u;
  }
  return quoted;
}

}  // namespace

JsonWriter::JsonWriter(Sink& sink, size_t limit) : sink_(sink), left_(limit) {
  Write("{", 1);
  depth_ = 1;
}

void JsonWriter::Null(const char* key) { Value(key, "null", 4); }

void JsonWriter::Bool(const char* key, bool value) { Value(key, value ? "true" : "false", value ? 4 : 5); }

void JsonWriter::Uint(const char* key, uint64_t value) {
  char digits[20];
  size_t start = sizeof digits;
  // A Cortex-M0+ divides 64 bits in hundreds of cycles; nearly all numbers need it not once.
  for (; value > UINT32_MAX; value /= 10) digits[--start] = static_cast<char>('0' + value % 10);
  uint32_t rest = static_cast<uint32_t>(value);
  do {
    digits[--start] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  Value(key, digits + start, sizeof digits - start);
}

void JsonWriter::Crc(const char* key, uint32_t crc) {
  char text[kCrc32TextBytes];
  Crc32Text(crc, text);
  String(key, text, kCrc32TextBytes - 1);
}

void JsonWriter::String(const char* key, const char* bytes, size_t size) {
  if (Start(key, QuotedSize(bytes, size))) Quoted(bytes, size);
}

void JsonWriter::String(const char* key, const char* text) { String(key, text, std::strlen(text)); }

void JsonWriter::Text(const char* key, const char* text) {
  char printable[kMaxText];
  size_t size = 0;
  for (; size < kMaxText && text[size] != '\0'; ++size) printable[size] = IsPrintable(text[size]) ? text[size] : '?';
  String(key, printable, size);
}

void JsonWriter::Base64(const char* key, const uint8_t* data, size_t size) {
  if (!Start(key, Base64Size(size) + 2)) return;
  constexpr size_t kPiece = 48;
  static_assert(kPiece % 3 == 0, "padding stands at the end only");
  char text[Base64Size(kPiece)];
  Write("\"", 1);
  while (size > 0) {
    const size_t piece = size < kPiece ? size : kPiece;
    Write(text, Base64Encode(data, piece, text));
    data += piece;
    size -= piece;
  }
  Write("\"", 1);
}

void JsonWriter::Begin(const char* key, bool array) {
  // Its end is paid for with its beginning, so that there is always room for it.
  if (left_out_depth_ > 0 || depth_ == kMaxDepth || !Start(key, 2)) {
    complete_ = false;
    ++left_out_depth_;
    return;
  }
  Write(array ? "[" : "{", 1);
  const unsigned bit = 1u << depth_;
  arrays_ = static_cast<uint8_t>(array ? arrays_ | bit : arrays_ & ~bit);
  ++depth_;
  first_ = true;
}

void JsonWriter::End() {
  if (left_out_depth_ > 0) {
    --left_out_depth_;
  } else if (depth_ > 1) {
    CloseOne();
  }
}

void JsonWriter::Close() {
  left_out_depth_ = 0;
  while (depth_ > 0) CloseOne();
}

void JsonWriter::CloseOne() {
  --depth_;
  Write((arrays_ >> depth_) & 1 ? "]" : "}", 1);
  first_ = false;
}

// Writes what stands before a value, if the value and all ends fit.
bool JsonWriter::Start(const char* key, size_t value_bytes) {
  if (left_out_depth_ > 0) return false;
  const size_t key_size = key == nullptr ? 0 : std::strlen(key);
  const size_t before = (first_ ? 0 : 1) + (key == nullptr ? 0 : QuotedSize(key, key_size) + 1);
  if (left_ < depth_ + before || left_ - depth_ - before < value_bytes) {
    complete_ = false;
    return false;
  }
  if (!first_) Write(",", 1);
  first_ = false;
  if (key != nullptr) {
    Quoted(key, key_size);
    Write(":", 1);
  }
  return true;
}

void JsonWriter::Value(const char* key, const char* text, size_t size) {
  if (Start(key, size)) Write(text, size);
}

void JsonWriter::Quoted(const char* bytes, size_t size) {
  Write("\"", 1);
  size_t plain = 0;  // what needs no escape goes out in one piece
  for (size_t i = 0; i < size; ++i) {
    const char letter = ShortEscape(bytes[i]);
    if (letter == 0 && IsPrintable(bytes[i])) continue;
    Write(bytes + plain, i - plain);
    plain = i + 1;
    if (letter != 0) {
      const char escape[] = {'\\', letter};
      Write(escape, sizeof escape);
    } else {
      constexpr char kDigits[] = "0123456789abcdef";
      const uint8_t byte = static_cast<uint8_t>(bytes[i]);
      const char escape[] = {'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 15]};
      Write(escape, sizeof escape);
    }
  }
  Write(bytes + plain, size - plain);
  Write("\"", 1);
}

void JsonWriter::Write(const char* data, size_t size) {
  if (size == 0) return;
  left_ -= size;
  sink_.Write(data, size);
}

}  // namespace tflm_hil
