// What the host learns about this USB device. VID, PID and the reset interface are those of pico-sdk's USB serial port,
// so that picotool and udev rules for Picos take it for one.
#include <cstring>

#include "device/identity.h"
#include "device/usb_endpoints.h"
#include "pico/usb_reset_interface.h"
#include "tusb.h"

namespace tflm_hil {
namespace {

constexpr uint16_t kVendor = 0x2E8A;
#if PICO_RP2040
constexpr uint16_t kProduct = 0x000A;
#else
constexpr uint16_t kProduct = 0x0009;
#endif

enum Interface : uint8_t { kCdcControl, kCdcData, kReset, kInterfaces };
enum Text : uint8_t { kLanguages, kManufacturer, kProductName, kSerial, kPortName, kResetName, kTexts };

constexpr uint16_t kResetBytes = 9;
constexpr uint16_t kConfigurationBytes = TUD_CONFIG_DESC_LEN + TUD_CDC_DESC_LEN + kResetBytes;
constexpr uint16_t kMilliamperes = 250;

const tusb_desc_device_t kDevice = {
    sizeof(tusb_desc_device_t), TUSB_DESC_DEVICE,
    0x0200,  // USB 2.0
    TUSB_CLASS_MISC, MISC_SUBCLASS_COMMON, MISC_PROTOCOL_IAD,
    CFG_TUD_ENDPOINT0_SIZE, kVendor, kProduct,
    0x0100,  // our release
    kManufacturer, kProductName, kSerial,
    1,
};

const uint8_t kConfiguration[] = {
    TUD_CONFIG_DESCRIPTOR(1, kInterfaces, 0, kConfigurationBytes, 0, kMilliamperes),
    TUD_CDC_DESCRIPTOR(kCdcControl, kPortName, kNotifyEndpoint, 8, kDataOutEndpoint, kDataInEndpoint, 64),
    kResetBytes, TUSB_DESC_INTERFACE, kReset, 0, 0,
    TUSB_CLASS_VENDOR_SPECIFIC, RESET_INTERFACE_SUBCLASS, RESET_INTERFACE_PROTOCOL, kResetName,
};
static_assert(sizeof kConfiguration == kConfigurationBytes, "the descriptor tells its own length");

const char* TextOf(uint8_t index) {
  switch (index) {
    case kManufacturer: return "tflm-hil";
    case kProductName: return "TFLM bench";
    case kSerial: return SerialNumber();
    case kPortName: return "TFLM bench port";
    case kResetName: return "Reset";
    default: return nullptr;
  }
}

}  // namespace
}  // namespace tflm_hil

extern "C" const uint8_t* tud_descriptor_device_cb() {
  return reinterpret_cast<const uint8_t*>(&tflm_hil::kDevice);
}

extern "C" const uint8_t* tud_descriptor_configuration_cb(uint8_t) { return tflm_hil::kConfiguration; }

extern "C" const uint16_t* tud_descriptor_string_cb(uint8_t index, uint16_t) {
  // TinyUSB sends it after this call, so it must live on.
  static uint16_t descriptor[32];
  constexpr size_t kMost = sizeof descriptor / sizeof *descriptor - 1;
  size_t count = 0;
  if (index == tflm_hil::kLanguages) {
    descriptor[++count] = 0x0409;  // English (United States)
  } else {
    const char* text = tflm_hil::TextOf(index);
    if (text == nullptr) return nullptr;
    while (count < kMost && text[count] != '\0') {
      descriptor[count + 1] = static_cast<uint8_t>(text[count]);
      ++count;
    }
  }
  descriptor[0] = static_cast<uint16_t>(TUSB_DESC_STRING << 8 | 2 * (count + 1));
  return descriptor;
}
