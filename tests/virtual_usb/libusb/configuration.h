#ifndef TFLM_HIL_VIRTUAL_USB_CONFIGURATION_H
#define TFLM_HIL_VIRTUAL_USB_CONFIGURATION_H

#include <stddef.h>

#include "abi.h"

// Reads a configuration descriptor; libusb_free_config_descriptor frees what comes.
int read_configuration(const uint8_t* data, size_t size, struct libusb_config_descriptor** configuration);

#endif
