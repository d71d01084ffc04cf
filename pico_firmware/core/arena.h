// The region of memory that all sessions share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tflm_hil {

// Gives each session one contiguous block that begins at a multiple of 16 and is nobody else's until it is freed.
class Arena {
 public:
  static constexpr size_t kMaxSessions = 4;
  static constexpr size_t kAlignment = 16;

  // The region need not be aligned; what lies before its first multiple of 16 is not used.
  Arena(void* region, size_t size);

  // A block of exactly `bytes` bytes, or null: no gap is large enough, the session has one, or four sessions have.
  uint8_t* Allocate(uint32_t session, size_t bytes);

  // False: the session has no block.
  bool Free(uint32_t session);

  // The largest block that Allocate would give: this is "all that is free". 0 if four sessions have theirs.
  size_t LargestFree() const;

  // Of the region, as it is when no session is open.
  size_t size() const { return size_; }
  size_t session_count() const { return count_; }

 private:
  struct Block {
    uint32_t session;
    size_t offset;
    size_t size;
  };
  struct Gap {
    size_t offset;
    size_t size;
  };

  // What is free before the block of that index; before `count_`, behind the last one.
  Gap GapBefore(size_t index) const;

  uint8_t* region_;
  size_t size_;
  size_t count_ = 0;
  Block blocks_[kMaxSessions] = {};  // in the order of their addresses
};

}  // namespace tflm_hil
