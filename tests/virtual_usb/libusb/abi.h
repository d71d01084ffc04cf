// The part of libusb 1.0's binary interface that picotool uses: structures, figures and names as libusb's documentation
// gives them. Written down here, so that tests need no libusb to compile against.
#ifndef TFLM_HIL_VIRTUAL_USB_ABI_H
#define TFLM_HIL_VIRTUAL_USB_ABI_H

#include <stdint.h>
#include <sys/types.h>

enum {
  LIBUSB_SUCCESS = 0,
  LIBUSB_ERROR_IO = -1,
  LIBUSB_ERROR_INVALID_PARAM = -2,
  LIBUSB_ERROR_NO_DEVICE = -4,
  LIBUSB_ERROR_NO_MEM = -11,
  LIBUSB_ERROR_OTHER = -99,
};

struct libusb_device_descriptor {
  uint8_t bLength;
  uint8_t bDescriptorType;
  uint16_t bcdUSB;
  uint8_t bDeviceClass;
  uint8_t bDeviceSubClass;
  uint8_t bDeviceProtocol;
  uint8_t bMaxPacketSize0;
  uint16_t idVendor;
  uint16_t idProduct;
  uint16_t bcdDevice;
  uint8_t iManufacturer;
  uint8_t iProduct;
  uint8_t iSerialNumber;
  uint8_t bNumConfigurations;
};

struct libusb_endpoint_descriptor {
  uint8_t bLength;
  uint8_t bDescriptorType;
  uint8_t bEndpointAddress;
  uint8_t bmAttributes;
  uint16_t wMaxPacketSize;
  uint8_t bInterval;
  uint8_t bRefresh;
  uint8_t bSynchAddress;
  const unsigned char* extra;
  int extra_length;
};

struct libusb_interface_descriptor {
  uint8_t bLength;
  uint8_t bDescriptorType;
  uint8_t bInterfaceNumber;
  uint8_t bAlternateSetting;
  uint8_t bNumEndpoints;
  uint8_t bInterfaceClass;
  uint8_t bInterfaceSubClass;
  uint8_t bInterfaceProtocol;
  uint8_t iInterface;
  const struct libusb_endpoint_descriptor* endpoint;
  const unsigned char* extra;
  int extra_length;
};

struct libusb_interface {
  const struct libusb_interface_descriptor* altsetting;
  int num_altsetting;
};

struct libusb_config_descriptor {
  uint8_t bLength;
  uint8_t bDescriptorType;
  uint16_t wTotalLength;
  uint8_t bNumInterfaces;
  uint8_t bConfigurationValue;
  uint8_t iConfiguration;
  uint8_t bmAttributes;
  uint8_t MaxPower;
  const struct libusb_interface* interface;
  const unsigned char* extra;
  int extra_length;
};

typedef struct libusb_context libusb_context;
typedef struct libusb_device libusb_device;
typedef struct libusb_device_handle libusb_device_handle;

// These are what the library offers; the rest of it is hidden (-fvisibility=hidden).
#pragma GCC visibility push(default)
int libusb_init(libusb_context** context);
void libusb_exit(libusb_context* context);
ssize_t libusb_get_device_list(libusb_context* context, libusb_device*** list);
void libusb_free_device_list(libusb_device** list, int unref_devices);
uint8_t libusb_get_bus_number(libusb_device* device);
uint8_t libusb_get_device_address(libusb_device* device);
int libusb_get_device_descriptor(libusb_device* device, struct libusb_device_descriptor* descriptor);
int libusb_get_active_config_descriptor(libusb_device* device, struct libusb_config_descriptor** configuration);
void libusb_free_config_descriptor(struct libusb_config_descriptor* configuration);
int libusb_open(libusb_device* device, libusb_device_handle** handle);
void libusb_close(libusb_device_handle* handle);
int libusb_claim_interface(libusb_device_handle* handle, int number);
int libusb_release_interface(libusb_device_handle* handle, int number);
int libusb_clear_halt(libusb_device_handle* handle, unsigned char endpoint);
int libusb_control_transfer(libusb_device_handle* handle, uint8_t kind, uint8_t request, uint16_t value, uint16_t index,
                            unsigned char* data, uint16_t size, unsigned int timeout_ms);
int libusb_bulk_transfer(libusb_device_handle* handle, unsigned char endpoint, unsigned char* data, int size,
                         int* transferred, unsigned int timeout_ms);
int libusb_get_string_descriptor_ascii(libusb_device_handle* handle, uint8_t index, unsigned char* text, int size);
#pragma GCC visibility pop

#endif
