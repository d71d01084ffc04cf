#include "core/record.h"

namespace tflm_hil {
namespace {

const char* Name(RecordType type) {
  switch (type) {
    case RecordType::kReply:
      return "reply";
    case RecordType::kError:
      return "error";
    case RecordType::kData:
      return "data";
    case RecordType::kEvent:
      break;
  }
  return "event";
}

// The separator has to be out before the object begins, which it does as it is made.
Sink& Separated(Sink& sink) {
  sink.Write(&kRecordSeparator, 1);
  return sink;
}

}  // namespace

bool RecordStream::Log(const char* text, size_t size) {
  if (writing_) return false;
  size_t plain = 0;
  for (size_t i = 0; i < size; ++i) {
    if (text[i] != kRecordSeparator) continue;
    if (i > plain) sink_.Write(text + plain, i - plain);
    sink_.Write("?", 1);
    plain = i + 1;
  }
  if (size > plain) sink_.Write(text + plain, size - plain);
  return true;
}

Record::Record(RecordStream& stream, RecordType type, const Command* answered)
    : stream_(stream), sink_(stream.sink_), json_(Separated(sink_), kMaxRecordBytes) {
  stream_.writing_ = true;
  json_.Uint("n", stream_.number_++);  // modulo 2^32, as unsigned numbers do
  json_.String("type", Name(type));
  if (answered == nullptr) return;
  if (answered->has_id()) json_.Uint("id", answered->id());
  json_.String("verb", answered->verb());
}

bool Record::Finish() {
  if (!finished_) {
    finished_ = true;
    json_.Close();
    sink_.Write("\n", 1);
    sink_.Flush();
    stream_.writing_ = false;
  }
  return json_.complete();
}

void SendError(RecordStream& stream, const Command* answered, const char* code, const char* message) {
  Record record(stream, RecordType::kError, answered);
  record.json().Text("code", code);
  record.json().Text("message", message);
}

}  // namespace tflm_hil
