#include "core/line_reader.h"

#include <cstring>

namespace tflm_hil {
namespace {

void Drop(Incoming* incoming, size_t size) {
  incoming->data += size;
  incoming->size -= size;
}

}  // namespace

LineReader::Event LineReader::Take(Incoming* incoming, uint64_t now_us) {
  return in_payload_ ? TakePayload(incoming, now_us) : TakeLine(incoming);
}

LineReader::Event LineReader::TakeLine(Incoming* incoming) {
  while (incoming->size > 0) {
    if (line_done_) {
      line_done_ = false;
      line_size_ = 0;
    }
    const void* const feed = std::memchr(incoming->data, '\n', incoming->size);
    const size_t came =
        feed == nullptr ? incoming->size : static_cast<size_t>(static_cast<const uint8_t*>(feed) - incoming->data);
    Keep(incoming->data, came);
    Drop(incoming, came);
    if (feed == nullptr) break;
    Drop(incoming, 1);
    line_[line_size_] = '\0';
    line_done_ = true;
    if (!too_long_) return Event::kLine;
    // An echoed record is often longer than a command; an answer to it would be echoed as well.
    const bool echo = echo_;
    too_long_ = false;
    echo_ = false;
    line_size_ = 0;
    if (!echo) return Event::kTooLong;
  }
  return Event::kNothing;
}

// What is beyond the longest line is dropped, but not unseen: the line may be an echo.
void LineReader::Keep(const uint8_t* data, size_t size) {
  if (!too_long_ && size > kMaxCommandBytes - line_size_) {
    too_long_ = true;
    echo_ = std::memchr(line_, kRecordSeparator, line_size_) != nullptr;
  }
  if (too_long_) {
    if (size > 0 && std::memchr(data, kRecordSeparator, size) != nullptr) echo_ = true;
  } else if (size > 0) {
    std::memcpy(line_ + line_size_, data, size);
    line_size_ += size;
  }
}

void LineReader::BeginPayload(uint32_t size, uint8_t* room, size_t capacity, uint64_t now_us) {
  in_payload_ = true;
  payload_missing_ = size;
  room_ = room;
  room_left_ = room == nullptr ? 0 : capacity;
  last_byte_us_ = now_us;
}

LineReader::Event LineReader::TakePayload(Incoming* incoming, uint64_t now_us) {
  const size_t taken = incoming->size < payload_missing_ ? incoming->size : payload_missing_;
  if (taken > 0) {
    const size_t kept = taken < room_left_ ? taken : room_left_;
    if (kept > 0) {
      std::memcpy(room_, incoming->data, kept);
      room_ += kept;
      room_left_ -= kept;
    }
    Drop(incoming, taken);
    payload_missing_ -= static_cast<uint32_t>(taken);
    last_byte_us_ = now_us;
  }
  Event event = Event::kNothing;
  if (payload_missing_ == 0) {
    event = Event::kPayload;
  } else if (now_us - last_byte_us_ >= kPayloadTimeoutUs) {
    event = Event::kPayloadTimeout;
  }
  // Only the end gives the stream back to the lines.
  if (event != Event::kNothing) in_payload_ = false;
  return event;
}

}  // namespace tflm_hil
