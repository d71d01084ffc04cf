// The durations of measured invokes: kept during `invoke`, sent after it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/command.h"
#include "core/record.h"

namespace tflm_hil {

// A buffer of fixed size, because nothing is sent between the invokes of one command.
class Samples {
 public:
  static constexpr size_t kPerRecord = 64;

  // `storage` holds `capacity` numbers. 32 bits each: half the memory of 64, and enough for 34 s at 125 MHz.
  Samples(uint32_t* storage, size_t capacity) : storage_(storage), capacity_(capacity) {}

  void Clear() { size_ = 0; }

  // Keeps a duration. False, and nothing kept, if the buffer is full or the number too large: a duration that was cut
  // would be a wrong one.
  bool Add(uint64_t ticks);

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

  // Sends data records with `first` and `ticks`.
  void Send(RecordStream& stream, const Command& answered) const;

 private:
  uint32_t* storage_;
  size_t capacity_;
  size_t size_ = 0;
};

}  // namespace tflm_hil
