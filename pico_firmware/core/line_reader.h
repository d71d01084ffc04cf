// Bytes in, command lines and payloads out.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/command.h"

namespace tflm_hil {

// Bytes that came and were not looked at yet.
struct Incoming {
  const uint8_t* data;
  size_t size;
};

// Cuts the stream from the host. It has no clock of its own: whoever calls it tells the time.
class LineReader {
 public:
  enum class Event {
    kNothing,         // all bytes are taken; more are needed
    kLine,            // line() and line_size(), until the next line; a payload leaves them alone
    kTooLong,         // a line of more than 255 bytes went by: answer it with one `bad_command`
    kPayload,         // all bytes of the payload came
    kPayloadTimeout,  // for two seconds no byte of it came; payload_missing() tells how many did not
  };

  // Silence after which the rest of a payload is given up.
  static constexpr uint64_t kPayloadTimeoutUs = 2000000;

  // Takes bytes off the front of `incoming`, up to and with the first event. Call it again until it says kNothing, and
  // with no bytes now and then, for the time to be noticed. `now_us` must not go backwards.
  Event Take(Incoming* incoming, uint64_t now_us);

  // Makes the next `size` bytes a payload, whatever they are: the first `capacity` go to `room`, the others nowhere.
  // To be called between two events only, so at the end of a line.
  void BeginPayload(uint32_t size, uint8_t* room, size_t capacity, uint64_t now_us);

  // The line, without its line feed; the byte behind it is NUL. It may be changed.
  char* line() { return line_; }
  size_t line_size() const { return line_size_; }

  uint32_t payload_missing() const { return payload_missing_; }

 private:
  Event TakeLine(Incoming* incoming);
  Event TakePayload(Incoming* incoming, uint64_t now_us);
  void Keep(const uint8_t* data, size_t size);

  char line_[kMaxCommandBytes + 1] = {};
  size_t line_size_ = 0;
  bool line_done_ = false;
  bool too_long_ = false;
  bool echo_ = false;

  bool in_payload_ = false;
  uint32_t payload_missing_ = 0;
  uint8_t* room_ = nullptr;
  size_t room_left_ = 0;
  uint64_t last_byte_us_ = 0;
};

}  // namespace tflm_hil
