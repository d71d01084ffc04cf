// The durations of measured invokes: kept during `invoke`, sent after it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/command.h"
#include "core/record.h"

namespace tflm_hil {

// A buffer of fixed size, because nothing is sent between the invokes of one command. 32 bits each, half the memory of
// 64: at 125 MHz that is 34 s. A longer one makes the tick coarser for all of them, by halves.
class Samples {
 public:
  static constexpr size_t kPerRecord = 64;

  // `storage` holds `capacity` numbers.
  Samples(uint32_t* storage, size_t capacity) : storage_(storage), capacity_(capacity) {}

  void Clear() { size_ = shift_ = 0; }

  // Keeps a duration. False, and nothing kept, if the buffer is full.
  bool Add(uint64_t ticks);

  // What is sent is in units of 2^shift() ticks, rounded.
  uint32_t shift() const { return shift_; }

  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }

  // Sends data records with `first` and `ticks`.
  void Send(RecordStream& stream, const Command& answered) const;

 private:
  uint32_t* storage_;
  size_t capacity_;
  size_t size_ = 0;
  uint32_t shift_ = 0;
};

}  // namespace tflm_hil
