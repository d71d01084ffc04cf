// The models that are open, and the memory that they share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/arena.h"
#include "core/feedback.h"
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
  void Stage(size_t input) {
    staged_mask_ |= 1u << input;
    placed_mask_ &= ~(1u << input);
  }
  // The first input that has none, or input_count().
  size_t FirstMissing() const;
  // Puts the staged bytes of these inputs into the tensors. TFLM uses their memory again, so this comes before every
  // invoke.
  void PutInputs(uint32_t mask) const;

  // Whether every output of the feed fits its input.
  Failure CheckFeed(const Feedback& feed) const;
  // After an invoke: fed outputs become staged inputs. None is written over before it is read.
  void FeedStaged(const Feedback& feed);
  // After an invoke: fed outputs are copied into the input tensors, one after another, whatever lay there.
  void FeedDirect(const Feedback& feed);
  // What FeedDirect() left in input tensors becomes staged, as it is now.
  void StagePlaced();

  // Whether there is an output: an invoke has worked since Open or Reset.
  bool invoked = false;

 private:
  friend class Sessions;

  uint32_t number_ = 0;
  uint32_t arena_bytes_ = 0;
  bool open_ = false;
  uint32_t staged_mask_ = 0;
  uint32_t placed_mask_ = 0;  // inputs whose bytes lie in their tensors, and are newer than the staged ones
  uint8_t* staged_[kMaxInputs] = {};
  Interpreter interpreter_;
  static_assert(kMaxInputs == Feedback::kMaxIndex + 1, "a bit each");
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
