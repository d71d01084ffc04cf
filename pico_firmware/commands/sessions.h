// The models that are open, and the memory that they share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/arena.h"
#include "core/model_pack.h"
#include "engine/engine.h"

namespace tflm_hil {

constexpr uint32_t kMinArena = 16;

// An open model and its staged inputs.
class Session {
 public:
  static constexpr size_t kMaxInputs = 32;

  uint32_t number() const { return number_; }
  bool open() const { return open_; }
  Interpreter& interpreter() { return interpreter_; }
  uint32_t arena_bytes() const { return arena_bytes_; }

  // Where the bytes of an input are kept until they are invoked with. They are no input until Stage() says so.
  uint8_t* Room(size_t input) const { return staged_[input]; }
  void Unstage(size_t input) { staged_mask_ &= ~(1u << input); }
  void Stage(size_t input) { staged_mask_ |= 1u << input; }
  // The first input that has none, or input_count().
  size_t FirstMissing() const;
  // Puts the staged bytes into the tensors. TFLM uses their memory again, so this comes before every invoke.
  void PutInputs() const;

  // Whether there is an output: an invoke has worked since Open or Reset.
  bool invoked = false;

 private:
  friend class Sessions;

  uint32_t number_ = 0;
  uint32_t arena_bytes_ = 0;
  bool open_ = false;
  uint32_t staged_mask_ = 0;
  uint8_t* staged_[kMaxInputs] = {};
  Interpreter interpreter_;
  static_assert(kMaxInputs <= 32, "a bit each");
};

// What is wanted of Open(). `arena_bytes` 0: all that is free.
struct SessionRequest {
  PackedModel model;
  uint32_t arena_bytes;
  OpenOptions options;
};

class Sessions {
 public:
  static Sessions& Get();

  // Bytes that arenas and staged inputs share.
  size_t region_bytes() const { return arena_.size(); }

  // A failure's message may be in a buffer that the next call reuses.
  Failure Open(const SessionRequest& request, Session** opened);
  Session* Find(uint32_t number);
  void Close(Session* session);
  // The whole region, while no session is open; else null. For test builds.
  uint8_t* Region();

 private:
  Sessions();

  Arena arena_;
  uint32_t next_number_ = 1;
  Session sessions_[Arena::kMaxSessions];
};

}  // namespace tflm_hil
