// What goes over the socket between the stand-in for libusb and the Python model (tests/virtual_usb/server.py).
// Integers are this computer's own: both ends run on it.
#ifndef TFLM_HIL_VIRTUAL_USB_WIRE_H
#define TFLM_HIL_VIRTUAL_USB_WIRE_H

#include <stdint.h>

// The environment variable that names the socket.
#define SOCKET_VARIABLE "VIRTUAL_USB_SOCKET"

enum operation {
  OP_LIST = 1,        // -> struct listed and its configuration descriptor, for each device
  OP_OPEN = 2,        // target: device -> result: handle
  OP_CLOSE = 3,       // target: handle
  OP_CLAIM = 4,       // target: handle, index: interface
  OP_RELEASE = 5,     // target: handle, index: interface
  OP_CONTROL = 6,     // target: handle, kind, request, value, index; -> result: bytes transferred
  OP_BULK = 7,        // target: handle, index: endpoint; -> result: bytes transferred
  OP_CLEAR_HALT = 8,  // target: handle, index: endpoint
};

struct request {
  uint32_t operation;
  uint32_t target;
  uint32_t kind;
  uint32_t request;
  uint32_t value;
  uint32_t index;
  uint32_t wanted;      // bytes that may come, of a transfer to the host
  uint32_t timeout_ms;  // 0: none
  uint32_t size;        // bytes that follow, of a transfer to the device
};

struct reply {
  int32_t result;  // negative: one of libusb's error codes
  uint32_t size;   // bytes that follow
};

struct listed {
  uint32_t device;
  uint32_t bus;
  uint32_t address;
  uint32_t configuration_bytes;
  uint8_t descriptor[20];  // 18 are used
};

#endif
