// Reads a configuration descriptor (USB 2.0 specification, section 9.6) into libusb's structures.
#include "configuration.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIGURATION = 2, INTERFACE = 4, ENDPOINT = 5, MAX_INTERFACES = 16, MAX_ENDPOINTS = 32 };

// One piece of memory, so that freeing its first member frees it all.
struct whole {
  struct libusb_config_descriptor configuration;
  struct libusb_interface interfaces[MAX_INTERFACES];
  struct libusb_interface_descriptor settings[MAX_INTERFACES];
  struct libusb_endpoint_descriptor endpoints[MAX_ENDPOINTS];
};

static uint16_t word(const uint8_t* data) { return (uint16_t)(data[0] | data[1] << 8); }

static int read_all(struct whole* whole, const uint8_t* data, size_t size) {
  size_t interfaces = 0;
  size_t endpoints = 0;
  for (size_t place = 0; place < size; place += data[place]) {
    const uint8_t* item = data + place;
    size_t length = item[0];
    if (length < 2 || length > size - place) return LIBUSB_ERROR_IO;
    if (item[1] == CONFIGURATION && length >= 9 && place == 0) {
      whole->configuration = (struct libusb_config_descriptor){
          .bLength = item[0],
          .bDescriptorType = item[1],
          .wTotalLength = word(item + 2),
          .bConfigurationValue = item[5],
          .iConfiguration = item[6],
          .bmAttributes = item[7],
          .MaxPower = item[8],
      };
    } else if (item[1] == INTERFACE && length >= 9) {
      if (interfaces == MAX_INTERFACES || item[3] != 0) return LIBUSB_ERROR_IO;
      whole->settings[interfaces] = (struct libusb_interface_descriptor){
          .bLength = item[0],
          .bDescriptorType = item[1],
          .bInterfaceNumber = item[2],
          .bInterfaceClass = item[5],
          .bInterfaceSubClass = item[6],
          .bInterfaceProtocol = item[7],
          .iInterface = item[8],
          .endpoint = &whole->endpoints[endpoints],
      };
      whole->interfaces[interfaces].altsetting = &whole->settings[interfaces];
      whole->interfaces[interfaces].num_altsetting = 1;
      ++interfaces;
    } else if (item[1] == ENDPOINT && length >= 7 && interfaces > 0) {
      if (endpoints == MAX_ENDPOINTS) return LIBUSB_ERROR_IO;
      whole->endpoints[endpoints++] = (struct libusb_endpoint_descriptor){
          .bLength = item[0],
          .bDescriptorType = item[1],
          .bEndpointAddress = item[2],
          .bmAttributes = item[3],
          .wMaxPacketSize = word(item + 4),
          .bInterval = item[6],
      };
      ++whole->settings[interfaces - 1].bNumEndpoints;
    }
  }
  whole->configuration.bNumInterfaces = (uint8_t)interfaces;
  whole->configuration.interface = whole->interfaces;
  return whole->configuration.bLength != 0 ? LIBUSB_SUCCESS : LIBUSB_ERROR_IO;
}

int read_configuration(const uint8_t* data, size_t size, struct libusb_config_descriptor** configuration) {
  struct whole* whole = calloc(1, sizeof *whole);
  if (whole == NULL) return LIBUSB_ERROR_NO_MEM;
  int result = read_all(whole, data, size);
  if (result != LIBUSB_SUCCESS) {
    free(whole);
    return result;
  }
  *configuration = &whole->configuration;
  return LIBUSB_SUCCESS;
}

void libusb_free_config_descriptor(struct libusb_config_descriptor* configuration) { free(configuration); }
