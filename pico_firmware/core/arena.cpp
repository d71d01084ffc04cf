#include "core/arena.h"

namespace tflm_hil {
namespace {

size_t ToAlignment(size_t value) { return (0 - value) % Arena::kAlignment; }

}  // namespace

Arena::Arena(void* region, size_t size) : region_(static_cast<uint8_t*>(region)), size_(size) {
  const size_t before = ToAlignment(reinterpret_cast<uintptr_t>(region));
  if (before < size_) {
    region_ += before;
    size_ -= before;
  } else {
    size_ = 0;
  }
}

Arena::Gap Arena::GapBefore(size_t index) const {
  size_t begin = 0;
  if (index > 0) {
    begin = blocks_[index - 1].offset + blocks_[index - 1].size;
    begin += ToAlignment(begin);
  }
  const size_t end = index < count_ ? blocks_[index].offset : size_;
  // The last block may end closer to the region's end than the next multiple of 16.
  return {begin, begin < end ? end - begin : 0};
}

uint8_t* Arena::Allocate(uint32_t session, size_t bytes) {
  if (bytes == 0 || count_ == kMaxSessions) return nullptr;
  for (size_t i = 0; i < count_; ++i) {
    if (blocks_[i].session == session) return nullptr;
  }
  // The smallest gap that does: it leaves the largest one whole for the model that needs it.
  size_t best = kMaxSessions;
  for (size_t i = 0; i <= count_; ++i) {
    if (GapBefore(i).size < bytes) continue;
    if (best == kMaxSessions || GapBefore(i).size < GapBefore(best).size) best = i;
  }
  if (best == kMaxSessions) return nullptr;
  const size_t offset = GapBefore(best).offset;
  for (size_t i = count_; i > best; --i) blocks_[i] = blocks_[i - 1];
  blocks_[best] = {session, offset, bytes};
  ++count_;
  return region_ + offset;
}

bool Arena::Free(uint32_t session) {
  for (size_t i = 0; i < count_; ++i) {
    if (blocks_[i].session != session) continue;
    --count_;
    for (; i < count_; ++i) blocks_[i] = blocks_[i + 1];
    return true;
  }
  return false;
}

size_t Arena::LargestFree() const {
  size_t largest = 0;
  for (size_t i = 0; count_ < kMaxSessions && i <= count_; ++i) {
    if (GapBefore(i).size > largest) largest = GapBefore(i).size;
  }
  return largest;
}

}  // namespace tflm_hil
