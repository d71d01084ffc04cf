// From lines to verbs: reads a command, takes its payload, has it carried out, sees to its one final record.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/command.h"
#include "core/line_reader.h"
#include "core/record.h"
#include "engine/engine.h"

namespace tflm_hil {

class ModelPack;

// The models in flash, checked when they are asked for first.
const ModelPack& Pack();

// Carries a command out. It sends the data records and, if all went well, the final reply itself; a failure becomes the
// error record.
using Verb = Failure (*)(const Command& command, RecordStream& records);

struct VerbEntry {
  const char* name;
  Verb run;
  const char* help;
};

class Commands {
 public:
  static Commands& Get();

  // Deals with one event of the line reader; may begin a payload in it.
  void Handle(LineReader::Event event, LineReader* reader);

  // Forgets an `input` whose payload will not come any more.
  void Abandon();

 private:
  Commands() = default;

  void HandleLine(LineReader* reader);
  void Finish(const Failure& failure);

  // The command that is being carried out, or the `input` whose payload is on its way. It points into the reader's line.
  Command command_;
  uint32_t payload_bytes_ = 0;
  Failure refused_;  // an `input` whose payload is taken off the stream and goes nowhere
};

// Sends the final reply of a command that has nothing to say.
void SendEmptyReply(RecordStream& records, const Command& command);

// An argument that must be there, or one with a default (what `value` holds). The message names the key and the range;
// it is in a buffer that the next failure reuses.
Failure Number(const Command& command, const char* key, uint32_t low, uint32_t high, uint32_t* value, bool required);

// All verbs, ended by one without a name.
extern const VerbEntry kVerbs[];

// The verbs of about.cpp.
Failure Ping(const Command& command, RecordStream& records);
Failure Identify(const Command& command, RecordStream& records);
Failure Models(const Command& command, RecordStream& records);
Failure Help(const Command& command, RecordStream& records);
Failure Reboot(const Command& command, RecordStream& records);

// The verbs of inference.cpp. An `input` has two halves, because its payload comes between them: the first tells where
// the bytes are to go (`capacity` 0: nowhere), the second is told whether they came.
Failure Open(const Command& command, RecordStream& records);
Failure BeginInput(const Command& command, uint32_t payload_bytes, uint8_t** room);
Failure FinishInput(const Command& command, uint32_t payload_bytes, RecordStream& records);
Failure Invoke(const Command& command, RecordStream& records);
Failure Output(const Command& command, RecordStream& records);
Failure Reset(const Command& command, RecordStream& records);
Failure Close(const Command& command, RecordStream& records);

// The verbs of abilities.cpp.
Failure Pause(const Command& command, RecordStream& records);
Failure Relink(const Command& command, RecordStream& records);
Failure Work(const Command& command, RecordStream& records);
Failure LogLines(const Command& command, RecordStream& records);
Failure Clock(const Command& command, RecordStream& records);

#if TFLM_HIL_TEST_VERBS
// The verbs of test_verbs.cpp.
Failure Fault(const Command& command, RecordStream& records);
#endif
#if TFLM_HIL_BARE_VERB
// bare_verb.cpp
Failure Bare(const Command& command, RecordStream& records);
#endif

}  // namespace tflm_hil
