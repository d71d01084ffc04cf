#include "core/samples.h"

namespace tflm_hil {

namespace {

uint64_t Rounded(uint64_t ticks, uint32_t shift) { return shift == 0 ? ticks : (((ticks >> (shift - 1)) + 1) >> 1); }

}  // namespace

bool Samples::Add(uint64_t ticks) {
  if (size_ == capacity_) return false;
  while (Rounded(ticks, shift_) > UINT32_MAX) {
    ++shift_;
    for (size_t i = 0; i < size_; ++i) storage_[i] = static_cast<uint32_t>(Rounded(storage_[i], 1));
  }
  storage_[size_++] = static_cast<uint32_t>(Rounded(ticks, shift_));
  return true;
}

void Samples::Send(RecordStream& stream, const Command& answered) const {
  for (size_t first = 0; first < size_; first += kPerRecord) {
    Record record(stream, RecordType::kData, &answered);
    record.json().Uint("first", first);
    record.json().BeginArray("ticks");
    for (size_t i = first; i < size_ && i < first + kPerRecord; ++i) record.json().Uint(nullptr, storage_[i]);
  }
}

}  // namespace tflm_hil
