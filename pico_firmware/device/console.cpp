#include "device/console.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "device/crash_record.h"
#include "device/supervisor.h"
#include "device/usb_endpoints.h"
#include "device/usbd_pvt.h"
#include "hardware/timer.h"
#include "tusb.h"

namespace tflm_hil {
namespace {

constexpr uint32_t kPatienceUs = 500000;
// A hub takes 0.1 s to believe it (USB 2.0 specification, 7.1.7.3), and whoever polls for the port has to see that too.
constexpr uint32_t kDetachedUs = 500000;
constexpr size_t kNoteBytes = 48;

}  // namespace

Console& Console::Get() {
  static Console console;
  return console;
}

void Console::Start() { tusb_init(); }

void Console::Poll() { tud_task(); }

size_t Console::Read(uint8_t* room, size_t capacity) { return tud_cdc_read(room, static_cast<uint32_t>(capacity)); }

bool Console::TakeHangUp() {
  if (!hung_up_) return false;
  hung_up_ = false;
  dropping_ = false;
  mid_line_ = false;
  return true;
}

bool Console::WaitForRoom(uint32_t bytes) {
  // A bus reset must be dealt with before anything is written: until then TinyUSB writes to endpoints that are no more.
  if (tud_task_event_ready()) Poll();
  if (!hears()) return false;
  const uint32_t begun = time_us_32();
  while (tud_cdc_write_available() < bytes) {
    if (!hears() || host_stuck_) return false;
    if (time_us_32() - begun > kPatienceUs) {
      host_stuck_ = true;
      return false;
    }
    Feed();
    WaitForInterrupt();
    Poll();
  }
  host_stuck_ = false;
  return hears();
}

void Console::Write(const char* data, size_t size) {
  // A record begins a line of its own, whatever became of the one before.
  if (!logging_ && size > 0 && *data == kRecordSeparator) dropping_ = false;
  while (size > 0) {
    if (dropping_) {
      SkipLine(&data, &size);
      continue;
    }
    const bool note = !mid_line_ && dropped_lines_ > 0;
    if (!WaitForRoom(note ? kNoteBytes : 1)) {
      dropping_ = true;
      cut_ = cut_ || mid_line_;
      mid_line_ = false;
      continue;
    }
    if (cut_) {
      // Half a line is out there. Whatever comes next must not be taken for its rest.
      tud_cdc_write_char('\n');
      cut_ = false;
      continue;
    }
    if (note) TellDropped();
    // No more than there is room for: without DTR, TinyUSB overwrites the oldest bytes.
    const uint32_t written = tud_cdc_write(data, std::min(tud_cdc_write_available(), static_cast<uint32_t>(size)));
    if (written == 0) continue;
    mid_line_ = data[written - 1] != '\n';
    data += written;
    size -= written;
  }
  if (!mid_line_) tud_cdc_write_flush();
}

void Console::SkipLine(const char** data, size_t* size) {
  const auto* end = static_cast<const char*>(std::memchr(*data, '\n', *size));
  if (end == nullptr) {
    *size = 0;
    return;
  }
  *size -= static_cast<size_t>(end + 1 - *data);
  *data = end + 1;
  dropping_ = false;
  // Without anybody there, nobody misses anything.
  if (logging_ && hears()) ++dropped_lines_;
}

void Console::TellDropped() {
  char note[kNoteBytes];
  const int size =
      snprintf(note, sizeof note, "(%lu log lines were dropped here)\n", static_cast<unsigned long>(dropped_lines_));
  dropped_lines_ = 0;
  if (size > 0) tud_cdc_write(note, static_cast<uint32_t>(size));
}

void Console::Log(const char* text, size_t size) {
  NoteLog(text, size);
  if (holding_) {
    Hold(text, size);
  } else {
    Pass(text, size);
  }
}

void Console::Hold(const char* text, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    const bool end = text[i] == '\n';
    if (hold_dropping_) {
      hold_dropping_ = !end;
    } else if (held_ == kHeldBytes) {
      held_ = held_line_;
      hold_dropping_ = !end;
      ++dropped_lines_;
    } else {
      hold_[held_++] = text[i];
      if (end) held_line_ = held_;
    }
  }
}

void Console::ReleaseLog() {
  holding_ = false;
  hold_dropping_ = false;
  const size_t size = held_;
  held_ = 0;
  held_line_ = 0;
  // What did not fit came after what did.
  const uint32_t dropped = dropped_lines_;
  dropped_lines_ = 0;
  if (size > 0) Pass(hold_, size);
  dropped_lines_ += dropped;
}

void Console::Pass(const char* text, size_t size) {
  logging_ = true;
  if (!records_.Log(text, size)) ++dropped_lines_;
  logging_ = false;
}

bool Console::Unsent() {
  // What has left TinyUSB's buffer may still wait in the endpoint's.
  return tud_cdc_write_available() < CFG_TUD_CDC_TX_BUFSIZE || usbd_edpt_busy(0, kDataInEndpoint);
}

void Console::Drain(uint32_t us) {
  const uint32_t begun = time_us_32();
  tud_cdc_write_flush();
  while (hears() && time_us_32() - begun < us && Unsent()) {
    WaitForInterrupt();
    Poll();
  }
}

void Console::Replug() {
  tud_disconnect();
  Connected(false);
  const uint32_t begun = time_us_32();
  while (time_us_32() - begun < kDetachedUs) {
    Feed();
    WaitForInterrupt();
    Poll();
  }
  tud_connect();
}

void Console::Connected(bool connected) {
  // RTS changes come here too.
  if (connected == listened_to_) return;
  listened_to_ = connected;
  hung_up_ = true;
  host_stuck_ = false;
  dropped_lines_ = 0;
  // A packet that is in the endpoint already goes to whoever opens the port next, and is not a whole line.
  if (Unsent()) cut_ = true;
  mid_line_ = false;
  tud_cdc_write_clear();
  // On both edges: a host may go on sending what the old client wrote, and a new one waits until DTR is up.
  tud_cdc_read_flush();
}

void LogText(const char* text, size_t size) { Console::Get().Log(text, size); }

}  // namespace tflm_hil

// After a bus reset DTR is down without a word.
extern "C" void tud_mount_cb() { tflm_hil::Console::Get().Connected(false); }
extern "C" void tud_umount_cb() { tflm_hil::Console::Get().Connected(false); }
extern "C" void tud_cdc_line_state_cb(uint8_t, bool dtr, bool) { tflm_hil::Console::Get().Connected(dtr); }
