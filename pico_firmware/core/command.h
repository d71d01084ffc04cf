// Command lines: what the host sends (docs/protocol.md, "Commands").
#pragma once

#include <cstddef>
#include <cstdint>

namespace tflm_hil {

constexpr size_t kMaxCommandBytes = 255;
constexpr char kRecordSeparator = 0x1E;

// One command. It points into the line that it was parsed from, and lives as long as that does.
class Command {
 public:
  // A line holds no more: the shortest argument is " a=b", behind a verb of one letter. So there is nothing to refuse.
  static constexpr size_t kMaxArguments = (kMaxCommandBytes - 1) / 4;

  enum class Number { kGood, kAbsent, kBad };

  const char* verb() const { return line_ + verb_; }
  bool Is(const char* verb) const;

  bool has_id() const { return has_id_; }
  uint32_t id() const { return id_; }

  size_t argument_count() const { return argument_count_; }
  const char* key(size_t index) const { return line_ + arguments_[index].key; }
  const char* value(size_t index) const { return line_ + arguments_[index].value; }

  // The value of that key, or null. Keys that nobody asks for are ignored by not being asked for.
  const char* Find(const char* key) const;

  // Reads an argument of 1 to 10 decimal digits. `value` is written only if it is a number from `low` to `high`; kBad
  // is any other text. So a default is what `value` held before.
  Number FindNumber(const char* key, uint32_t low, uint32_t high, uint32_t* value) const;

 private:
  friend class CommandParser;

  struct Argument {
    uint8_t key;
    uint8_t value;
  };
  static_assert(kMaxCommandBytes <= UINT8_MAX, "places in a line are bytes");

  const char* line_ = "";
  uint8_t verb_ = 0;
  uint8_t argument_count_ = 0;
  bool has_id_ = false;
  uint32_t id_ = 0;
  Argument arguments_[kMaxArguments] = {};
};

enum class Parsed {
  kCommand,
  kIgnored,  // blank, or an echo of the device's own output: no answer
  kRefused,  // answered with one `bad_command`, without id and verb
};

// Reads a line, without its line feed. The line is changed: words end with NUL, so `line[size]` must be writable too.
// After kRefused, `*refusal` is a sentence for the error record.
Parsed ParseCommand(char* line, size_t size, Command* command, const char** refusal);

// How many raw bytes follow the command, 0 for all but `input`. False: `bytes` is not a number, or beyond `limit`; the
// command is to be refused with `bad_argument`, and nothing is taken off the stream.
bool PayloadSize(const Command& command, uint32_t limit, uint32_t* size);

}  // namespace tflm_hil
