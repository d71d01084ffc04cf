// Records and log lines: what the device sends (docs/protocol.md, "Records").
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/command.h"
#include "core/json.h"
#include "core/sink.h"

namespace tflm_hil {

// Bytes between the separator and the line feed.
constexpr size_t kMaxRecordBytes = 16 * 1024;

enum class RecordType { kReply, kError, kData, kEvent };

// The stream to the host: numbers the records, and lets log lines pass between them.
class RecordStream {
 public:
  // `first_number` is for tests; a device starts with 0.
  explicit RecordStream(Sink& sink, uint32_t first_number = 0) : sink_(sink), number_(first_number) {}

  RecordStream(const RecordStream&) = delete;
  RecordStream& operator=(const RecordStream&) = delete;

  // Passes log output on; a 0x1E in it becomes '?'. False, and nothing sent, while a record is being written: half a
  // record with a log line behind it would be neither.
  bool Log(const char* text, size_t size);

  // The number of the next record.
  uint32_t number() const { return number_; }

 private:
  friend class Record;

  Sink& sink_;
  uint32_t number_;
  bool writing_ = false;
};

// One record, sent while it lives. At most one lives at a time.
//
//   Record record(stream, RecordType::kReply, &command);
//   record.json().Uint("count", 3);
class Record {
 public:
  // `answered` gives the record its id and verb; null for one that answers no command.
  Record(RecordStream& stream, RecordType type, const Command* answered);
  ~Record() { Finish(); }

  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  // For the fields behind n, type, id and verb.
  JsonWriter& json() { return json_; }

  // Ends the record; further calls do nothing. False if a field had no room.
  bool Finish();

 private:
  RecordStream& stream_;
  BufferedSink sink_;
  JsonWriter json_;
  bool finished_ = false;
};

// An `error` record: the final one of a command that was not carried out. `answered` is null for `bad_command`.
void SendError(RecordStream& stream, const Command* answered, const char* code, const char* message);

}  // namespace tflm_hil
