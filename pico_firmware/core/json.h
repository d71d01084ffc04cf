// Writes one JSON object in ASCII, without line feeds, and never more bytes than allowed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/sink.h"

namespace tflm_hil {

// Fields are written as they are given. A field that does not fit is left out as a whole, together with what it would
// contain, so what is written is JSON at every size; complete() tells.
//
// In an array, give a null key. Close() ends whatever is open.
class JsonWriter {
 public:
  static constexpr size_t kMaxDepth = 8;
  static constexpr size_t kMaxText = 200;

  // Begins the object.
  JsonWriter(Sink& sink, size_t limit);

  void Null(const char* key);
  void Bool(const char* key, bool value);
  void Uint(const char* key, uint64_t value);
  // Eight hexadecimal digits, quoted.
  void Crc(const char* key, uint32_t crc);
  // All bytes, each taken for the character of that number: escaped where JSON or ASCII demand it.
  void String(const char* key, const char* bytes, size_t size);
  void String(const char* key, const char* text);
  // A text field of the protocol: at most 200 characters, and what is not printable ASCII becomes '?'.
  void Text(const char* key, const char* text);
  void Base64(const char* key, const uint8_t* data, size_t size);
  void BeginArray(const char* key) { Begin(key, true); }
  void BeginObject(const char* key) { Begin(key, false); }
  // Ends the array or object that was begun last; never the outermost object.
  void End();

  // Ends everything. Nothing may be written afterwards.
  void Close();

  // Whether every field was written.
  bool complete() const { return complete_; }

 private:
  void Begin(const char* key, bool array);
  bool Start(const char* key, size_t value_bytes);
  void Value(const char* key, const char* text, size_t size);
  void Quoted(const char* bytes, size_t size);
  void Write(const char* data, size_t size);
  void CloseOne();

  Sink& sink_;
  size_t left_;
  uint8_t depth_ = 0;
  uint8_t left_out_depth_ = 0;
  uint8_t arrays_ = 0;  // one bit for each depth
  bool first_ = true;   // of its array or object: no comma before it
  bool complete_ = true;
  static_assert(kMaxDepth <= 8, "a bit each");
};

}  // namespace tflm_hil
