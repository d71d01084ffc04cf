#include "device/console.h"

#include <cstdio>
#include <cstring>

#include "device/supervisor.h"
#include "device/usb_endpoints.h"
#include "device/usbd_pvt.h"
#include "hardware/timer.h"
#include "tusb.h"

namespace tflm_hil {
namespace {

constexpr uint32_t kPatienceUs = 500000;
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
  const bool hung_up = hung_up_;
  hung_up_ = false;
  return hung_up;
}

bool Console::WaitForRoom(uint32_t bytes) {
  const uint32_t begun = time_us_32();
  while (tud_cdc_write_available() < bytes) {
    if (!listened_to_ || host_stuck_) return false;
    if (time_us_32() - begun > kPatienceUs) {
      host_stuck_ = true;
      return false;
    }
    Feed();
    WaitForInterrupt();
    Poll();
  }
  host_stuck_ = false;
  return listened_to_;
}

void Console::Write(const char* data, size_t size) {
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
    const uint32_t written = tud_cdc_write(data, static_cast<uint32_t>(size));
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
  if (logging_ && listened_to_) ++dropped_lines_;
}

void Console::TellDropped() {
  char note[kNoteBytes];
  const int size =
      snprintf(note, sizeof note, "(%lu log lines were dropped here)\n", static_cast<unsigned long>(dropped_lines_));
  dropped_lines_ = 0;
  if (size > 0) tud_cdc_write(note, static_cast<uint32_t>(size));
}

void Console::Log(const char* text, size_t size) {
  if (holding_) {
    Hold(text, size);
    return;
  }
  logging_ = true;
  if (!records_.Log(text, size)) ++dropped_lines_;
  logging_ = false;
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
  if (size > 0) Log(hold_, size);
}

bool Console::Unsent() {
  // What has left TinyUSB's buffer may still wait in the endpoint's.
  return tud_cdc_write_available() < CFG_TUD_CDC_TX_BUFSIZE || usbd_edpt_busy(0, kDataInEndpoint);
}

void Console::Drain(uint32_t us) {
  const uint32_t begun = time_us_32();
  tud_cdc_write_flush();
  while (listened_to_ && time_us_32() - begun < us && Unsent()) {
    WaitForInterrupt();
    Poll();
  }
}

void Console::Connected(bool connected) {
  host_stuck_ = false;
  dropped_lines_ = 0;
  listened_to_ = connected;
  if (connected) return;
  hung_up_ = true;
  tud_cdc_read_flush();
  // A packet that is in the endpoint already goes to whoever opens the port next, and is not a whole line.
  if (Unsent()) cut_ = true;
  mid_line_ = false;
  tud_cdc_write_clear();
}

void LogText(const char* text, size_t size) { Console::Get().Log(text, size); }

}  // namespace tflm_hil

extern "C" void tud_cdc_line_state_cb(uint8_t, bool dtr, bool) { tflm_hil::Console::Get().Connected(dtr); }
