// The USB serial port: bytes from the host, records and log lines to it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/line_reader.h"
#include "core/record.h"
#include "core/sink.h"

namespace tflm_hil {

// Written in blocks into TinyUSB's buffer. A host that does not read is waited for half a second, once; from then on
// lines are dropped as a whole until it reads again, and then a log line tells how many log lines that were. (A dropped
// record shows by its number.) While nobody has the port open, which the host tells (DTR), everything is dropped.
class Console final : public Sink {
 public:
  static Console& Get();

  void Start();

  // Serves USB. To be called all the time.
  void Poll();

  // What came from the host, at most `capacity` bytes.
  size_t Read(uint8_t* room, size_t capacity);

  // Whether the client has changed since the last call. What the one before sent is of no use to anybody any more. To be
  // called between two commands.
  bool TakeHangUp();

  // For records: see Sink.
  void Write(const char* data, size_t size) override;

  // For log output, of any size; a line may come in pieces.
  void Log(const char* text, size_t size);

  // Between these two, log output is kept in memory, up to 2 KiB of it, and USB is left alone.
  void HoldLog() { holding_ = true; }
  void ReleaseLog();

  // Waits until the host has everything, for at most `us`.
  void Drain(uint32_t us);

  // Detaches from USB, for long enough to be noticed, and attaches again.
  void Replug();

  // The host opened the port, or closed it.
  void Connected(bool connected);

  // Whether somebody is there to hear. Of a command that a client left behind, the next one hears nothing.
  bool hears() const { return listened_to_ && !hung_up_; }

  // Whether the last line went out, or will.
  bool passed() const { return hears() && !dropping_ && !cut_; }

  RecordStream& records() { return records_; }

 private:
  static constexpr size_t kHeldBytes = 2048;

  Console() : records_(*this) {}

  bool WaitForRoom(uint32_t bytes);
  static bool Unsent();
  void SkipLine(const char** data, size_t* size);
  void TellDropped();
  void Hold(const char* text, size_t size);
  void Pass(const char* text, size_t size);

  RecordStream records_;
  bool listened_to_ = false;
  bool hung_up_ = false;
  bool host_stuck_ = false;
  bool dropping_ = false;  // up to the next line feed
  bool mid_line_ = false;  // bytes of a line are out, its line feed is not
  bool cut_ = false;       // and never will be
  bool logging_ = false;   // what Write() gets is log output
  uint32_t dropped_lines_ = 0;
  bool holding_ = false;
  bool hold_dropping_ = false;
  size_t held_ = 0;
  size_t held_line_ = 0;  // where the last line begins
  char hold_[kHeldBytes];
};

// Log output of C and of TFLM. Both may call it from anywhere but an interrupt.
void LogText(const char* text, size_t size);

}  // namespace tflm_hil
