// Where records and log lines go.
#pragma once

#include <cstddef>
#include <cstring>

namespace tflm_hil {

// The way to the host. Nothing deletes a sink, so its destructor is neither virtual nor public.
class Sink {
 public:
  // Takes all bytes, or gives the rest of the line up. A sink that must give up part of a record sends a line feed
  // before the next line, and no byte of this one after it.
  virtual void Write(const char* data, size_t size) = 0;

 protected:
  ~Sink() = default;
};

// Collects small pieces, so that the sink behind it is called for blocks and not for commas.
class BufferedSink final : public Sink {
 public:
  explicit BufferedSink(Sink& behind) : behind_(behind) {}

  void Write(const char* data, size_t size) override {
    if (size > sizeof buffer_ - used_) Flush();
    if (size > sizeof buffer_) {
      behind_.Write(data, size);
      return;
    }
    std::memcpy(buffer_ + used_, data, size);
    used_ += size;
  }

  void Flush() {
    if (used_ > 0) behind_.Write(buffer_, used_);
    used_ = 0;
  }

 private:
  Sink& behind_;
  size_t used_ = 0;
  char buffer_[128];  // two packets of USB full speed
};

}  // namespace tflm_hil
