// The two ways to bring a Pico into BOOTSEL over USB that tools know: the vendor interface that picotool uses, and the
// port opened at 1200 baud. pico-sdk has them in its USB serial driver, which this firmware does not use.
#include "device/supervisor.h"
#include "pico/bootrom.h"
#include "pico/usb_reset_interface.h"
#include "device/usbd_pvt.h"
#include "tusb.h"

namespace tflm_hil {
namespace {

constexpr uint32_t kBootselBaud = 1200;

uint8_t interface_number;

void Initialize() {}
bool Deinitialize() { return true; }
void Reset(uint8_t) { interface_number = 0; }

uint16_t Open(uint8_t, const tusb_desc_interface_t* found, uint16_t most) {
  const bool ours = found->bInterfaceClass == TUSB_CLASS_VENDOR_SPECIFIC &&
                    found->bInterfaceSubClass == RESET_INTERFACE_SUBCLASS &&
                    found->bInterfaceProtocol == RESET_INTERFACE_PROTOCOL;
  if (!ours || most < sizeof *found) return 0;
  interface_number = found->bInterfaceNumber;
  return sizeof *found;
}

// Class requests to the interface: 1 restarts into BOOTSEL and never answers, 2 restarts the firmware.
bool Control(uint8_t port, uint8_t stage, const tusb_control_request_t* request) {
  // Standard requests have the same numbers.
  if (request->bmRequestType_bit.type != TUSB_REQ_TYPE_CLASS || request->wIndex != interface_number) return false;
  if (stage == CONTROL_STAGE_SETUP && request->bRequest == RESET_REQUEST_BOOTSEL) {
    // The low seven bits of the value say which of BOOTSEL's interfaces are to be left out.
    RestartIntoBootsel(request->wValue & 0x7Fu);
  }
  if (request->bRequest != RESET_REQUEST_FLASH) return false;
  if (stage == CONTROL_STAGE_SETUP) return tud_control_status(port, request);
  if (stage == CONTROL_STAGE_ACK) Restart();
  return true;
}

bool Transferred(uint8_t, uint8_t, xfer_result_t, uint32_t) { return true; }

const usbd_class_driver_t kDriver = {
    "RESET", Initialize, Deinitialize, Reset, Open, Control, Transferred, nullptr,
};

}  // namespace
}  // namespace tflm_hil

extern "C" const usbd_class_driver_t* usbd_app_driver_get_cb(uint8_t* count) {
  *count = 1;
  return &tflm_hil::kDriver;
}

extern "C" void tud_cdc_line_coding_cb(uint8_t, const cdc_line_coding_t* coding) {
  if (coding->bit_rate == tflm_hil::kBootselBaud) tflm_hil::RestartIntoBootsel(0);
}
