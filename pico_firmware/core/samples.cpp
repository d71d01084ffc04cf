#include "core/samples.h"

namespace tflm_hil {

bool Samples::Add(uint64_t ticks) {
  if (size_ == capacity_ || ticks > UINT32_MAX) return false;
  storage_[size_++] = static_cast<uint32_t>(ticks);
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
