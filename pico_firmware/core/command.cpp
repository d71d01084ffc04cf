#include "core/command.h"

#include <cstring>

namespace tflm_hil {
namespace {

constexpr size_t kMaxWord = 16;
constexpr size_t kMaxValue = 64;
constexpr size_t kMaxDigits = 10;

bool IsSpace(char c) { return c == ' ' || c == '\t'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsVisible(char c) { return c >= '!' && c <= '~'; }

bool IsWord(const char* text) {
  if (!IsLower(text[0])) return false;
  size_t size = 1;
  while (IsLower(text[size]) || text[size] == '_') ++size;
  return text[size] == '\0' && size <= kMaxWord;
}

// Numbers have at most ten digits, so 64 bits hold them before they are compared with what is allowed.
bool ReadNumber(const char* text, uint64_t* value) {
  size_t size = 0;
  *value = 0;
  for (; IsDigit(text[size]); ++size) {
    if (size == kMaxDigits) return false;
    *value = *value * 10 + static_cast<uint64_t>(text[size] - '0');
  }
  return size > 0 && text[size] == '\0';
}

}  // namespace

// Takes the words of a line from left to right.
class CommandParser {
 public:
  CommandParser(char* line, size_t size, Command* command) : line_(line), size_(size), command_(command) {}

  // Null, or why the line is no command.
  const char* Run() {
    *command_ = Command();
    command_->line_ = line_;
    size_t word = NextWord();
    if (!IsWord(line_ + word)) return "no verb; try: help";
    command_->verb_ = static_cast<uint8_t>(word);
    for (word = NextWord(); word < size_; word = NextWord()) {
      // An id stands at the end; behind it nothing else may come.
      if (command_->has_id_) return "an argument behind the id";
      const char* refusal = line_[word] == '#' ? TakeId(word) : TakeArgument(word);
      if (refusal != nullptr) return refusal;
    }
    return nullptr;
  }

 private:
  // The place of the next word, which then ends with NUL; the size of the line if there is none.
  size_t NextWord() {
    while (next_ < size_ && IsSpace(line_[next_])) ++next_;
    const size_t start = next_;
    while (next_ < size_ && !IsSpace(line_[next_])) ++next_;
    line_[next_] = '\0';
    if (next_ < size_) ++next_;
    return start;
  }

  const char* TakeId(size_t word) {
    uint64_t number = 0;
    if (!ReadNumber(line_ + word + 1, &number)) return "an id is # and 1 to 10 digits";
    if (number > UINT32_MAX) return "id beyond 32 bits";
    command_->id_ = static_cast<uint32_t>(number);
    command_->has_id_ = true;
    return nullptr;
  }

  const char* TakeArgument(size_t word) {
    char* const equals = std::strchr(line_ + word, '=');
    if (equals == nullptr) return "key=value expected after the verb";
    *equals = '\0';
    const char* const value = equals + 1;
    size_t size = 0;
    while (IsVisible(value[size])) ++size;
    if (!IsWord(line_ + word) || size == 0 || size > kMaxValue || value[size] != '\0') {
      return "key=value expected after the verb";
    }
    if (command_->Find(line_ + word) != nullptr) return "a key given twice";
    Command::Argument& argument = command_->arguments_[command_->argument_count_++];
    argument.key = static_cast<uint8_t>(word);
    argument.value = static_cast<uint8_t>(value - line_);
    return nullptr;
  }

  char* line_;
  size_t size_;
  Command* command_;
  size_t next_ = 0;
};

bool Command::Is(const char* verb) const { return std::strcmp(this->verb(), verb) == 0; }

const char* Command::Find(const char* key) const {
  for (size_t index = 0; index < argument_count_; ++index) {
    if (std::strcmp(this->key(index), key) == 0) return value(index);
  }
  return nullptr;
}

Command::Number Command::FindNumber(const char* key, uint32_t low, uint32_t high, uint32_t* value) const {
  const char* const text = Find(key);
  if (text == nullptr) return Number::kAbsent;
  uint64_t number = 0;
  if (!ReadNumber(text, &number) || number < low || number > high) return Number::kBad;
  *value = static_cast<uint32_t>(number);
  return Number::kGood;
}

Parsed ParseCommand(char* line, size_t size, Command* command, const char** refusal) {
  if (std::memchr(line, kRecordSeparator, size) != nullptr) return Parsed::kIgnored;
  if (size > kMaxCommandBytes) {
    *refusal = "line longer than 255 bytes";
    return Parsed::kRefused;
  }
  // A NUL would end a word early, and hide what stands behind it.
  if (std::memchr(line, '\0', size) != nullptr) {
    *refusal = "a NUL byte";
    return Parsed::kRefused;
  }
  if (size > 0 && line[size - 1] == '\r') --size;
  size_t blank = 0;
  while (blank < size && IsSpace(line[blank])) ++blank;
  if (blank == size) return Parsed::kIgnored;
  *refusal = CommandParser(line, size, command).Run();
  return *refusal == nullptr ? Parsed::kCommand : Parsed::kRefused;
}

bool PayloadSize(const Command& command, uint32_t limit, uint32_t* size) {
  *size = 0;
  return !command.Is("input") || command.FindNumber("bytes", 0, limit, size) != Command::Number::kBad;
}

}  // namespace tflm_hil
