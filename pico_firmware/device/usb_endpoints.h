// The endpoints of the serial port.
#pragma once

#include <cstdint>

namespace tflm_hil {

constexpr uint8_t kNotifyEndpoint = 0x81;
constexpr uint8_t kDataOutEndpoint = 0x02;
constexpr uint8_t kDataInEndpoint = 0x82;

}  // namespace tflm_hil
