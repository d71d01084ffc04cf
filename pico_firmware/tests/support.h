// What the tests of this folder share.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "core/command.h"
#include "core/sink.h"

// Keeps all that is written, and how often the sink was called.
class StringSink final : public tflm_hil::Sink {
 public:
  void Write(const char* data, size_t size) override {
    text.append(data, size);
    ++writes;
  }

  std::string text;
  int writes = 0;
};

// A line in memory of exactly its size and the byte behind it, so that the sanitizer sees any other access.
class Line {
 public:
  explicit Line(const std::string& text) : bytes_(new char[text.size() + 1]) {
    std::memcpy(bytes_.get(), text.data(), text.size());
    bytes_[text.size()] = 'X';
    parsed = tflm_hil::ParseCommand(bytes_.get(), text.size(), &command, &refusal);
  }

  tflm_hil::Command command;
  tflm_hil::Parsed parsed;
  const char* refusal = nullptr;

 private:
  std::unique_ptr<char[]> bytes_;
};

// Bytes in memory of exactly their size, at a multiple of 16: flash with a model pack.
class AlignedBytes {
 public:
  explicit AlignedBytes(const std::string& bytes) : size_(bytes.size()) {
    if (posix_memalign(&memory_, 16, size_) != 0) std::abort();
    std::memcpy(memory_, bytes.data(), size_);
  }
  ~AlignedBytes() { std::free(memory_); }
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;

  const uint8_t* bytes() const { return static_cast<const uint8_t*>(memory_); }
  size_t size() const { return size_; }

 private:
  size_t size_;
  void* memory_ = nullptr;
};

// The same numbers in every run.
class Random {
 public:
  explicit Random(uint32_t seed) : state_(seed) {}
  uint32_t Below(uint32_t bound) {
    state_ = state_ * 1664525u + 1013904223u;
    return (state_ >> 8) % bound;
  }

 private:
  uint32_t state_;
};
