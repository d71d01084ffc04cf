#include "commands/sessions.h"

#include <cstdio>
#include <cstring>

#include "device/faults.h"

namespace tflm_hil {
namespace {

// Not cleared at start-up: a model that finds zeros there by luck would not find them the second time.
alignas(Arena::kAlignment) __attribute__((section(".arena"))) uint8_t region[TFLM_HIL_ARENA_BYTES];

size_t RoundUp(size_t bytes) { return (bytes + Arena::kAlignment - 1) & ~(Arena::kAlignment - 1); }

}  // namespace

size_t Session::FirstMissing() const {
  const size_t count = interpreter_.input_count();
  for (size_t i = 0; i < count; ++i) {
    if ((staged_mask_ >> i & 1u) == 0) return i;
  }
  return count;
}

void Session::PutInputs(uint32_t mask) const {
  for (size_t i = 0; i < interpreter_.input_count(); ++i) {
    if ((mask >> i & 1u) == 0) continue;
    const Tensor tensor = interpreter_.input(i);
    std::memcpy(tensor.data, staged_[i], tensor.bytes);
  }
}

Failure Session::CheckFeed(const Feedback& feed) const {
  static char words[96];
  for (const Feedback::Pair& pair : feed) {
    if (pair.output >= interpreter_.output_count() || pair.input >= interpreter_.input_count()) {
      snprintf(words, sizeof words, "feed: the model has no output %u or no input %u", pair.output, pair.input);
      return {"bad_argument", words};
    }
    const Tensor from = interpreter_.output(pair.output);
    const Tensor to = interpreter_.input(pair.input);
    if (from.bytes == to.bytes && std::strcmp(from.dtype, to.dtype) == 0) continue;
    snprintf(words, sizeof words, "feed: output %u has %lu bytes of %s, input %u has %lu of %s", pair.output,
             static_cast<unsigned long>(from.bytes), from.dtype, pair.input, static_cast<unsigned long>(to.bytes),
             to.dtype);
    return {"bad_argument", words};
  }
  return {};
}

void Session::FeedStaged(const Feedback& feed) {
  for (const Feedback::Pair& pair : feed) {
    const Tensor from = interpreter_.output(pair.output);
    std::memcpy(staged_[pair.input], from.data, from.bytes);
    Stage(pair.input);
  }
}

void Session::FeedDirect(const Feedback& feed) {
  for (const Feedback::Pair& pair : feed) {
    const Tensor from = interpreter_.output(pair.output);
    // TFLM may have given both the same place, or places that overlap.
    std::memmove(interpreter_.input(pair.input).data, from.data, from.bytes);
  }
  placed_mask_ |= feed.inputs();
}

void Session::StagePlaced() {
  for (size_t i = 0; i < interpreter_.input_count(); ++i) {
    if ((placed_mask_ >> i & 1u) == 0) continue;
    const Tensor tensor = interpreter_.input(i);
    std::memcpy(staged_[i], tensor.data, tensor.bytes);
    Stage(i);
  }
}

Sessions::Sessions() : arena_(region, sizeof region) {}

Sessions& Sessions::Get() {
  static Sessions sessions;
  return sessions;
}

Failure Sessions::Open(const SessionRequest& request, Session** opened) {
  static char words[120];
  Session* session = nullptr;
  for (Session& candidate : sessions_) {
    if (!candidate.open_) {
      session = &candidate;
      break;
    }
  }
  if (session == nullptr) return {"too_many_sessions", "4 sessions are open"};
  static_assert(Arena::kMaxSessions == 4, "the message");
  size_t staging = 0;
  if (const Failure failure = CheckModel(request.model, &staging)) return failure;
  const size_t largest = arena_.LargestFree();
  const size_t free = largest > staging ? largest - staging : 0;
  const size_t wanted = request.arena_bytes != 0 ? request.arena_bytes : free;
  if (wanted < kMinArena || wanted > free) {
    snprintf(words, sizeof words, "%zu bytes of arena wanted, %zu are free (and %zu are kept for the inputs)",
             request.arena_bytes != 0 ? wanted : size_t{kMinArena}, free, staging);
    return {"no_arena", words};
  }
  const uint32_t number = next_number_++;
  uint8_t* block = arena_.Allocate(number, staging + wanted);
  const Failure failure = session->interpreter_.Open(request.model, block + staging, wanted, request.options);
  CheckStack();
  if (failure) {
    arena_.Free(number);
    return failure;
  }
  session->number_ = number;
  session->arena_bytes_ = static_cast<uint32_t>(wanted);
  session->open_ = true;
  session->invoked = false;
  session->staged_mask_ = 0;
  session->placed_mask_ = 0;
  const size_t inputs = session->interpreter_.input_count();
  size_t place = 0;
  for (size_t i = 0; i < inputs && i < Session::kMaxInputs; ++i) {
    session->staged_[i] = block + place;
    place += RoundUp(session->interpreter_.input(i).bytes);
  }
  if (inputs > Session::kMaxInputs || place > staging) {
    Close(session);
    return {"unsupported", "more than 32 inputs, or inputs that grew as they were allocated"};
  }
  *opened = session;
  return {};
}

Session* Sessions::Find(uint32_t number) {
  for (Session& session : sessions_) {
    if (session.open_ && session.number_ == number) return &session;
  }
  return nullptr;
}

uint8_t* Sessions::Region() { return arena_.session_count() == 0 ? region : nullptr; }

void Sessions::Close(Session* session) {
  session->interpreter_.Close();
  session->open_ = false;
  arena_.Free(session->number_);
}

}  // namespace tflm_hil
