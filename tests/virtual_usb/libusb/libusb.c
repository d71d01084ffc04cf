// Stands in for libusb-1.0.so.0: the functions that picotool calls, carried out by the model of tests/virtual_usb.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi.h"
#include "configuration.h"
#include "connection.h"
#include "wire.h"

enum { ENDPOINT_IN = 0x80, GET_DESCRIPTOR = 6, STRING = 3, MAX_STRING_BYTES = 255 };

struct libusb_context {
  int fd;
};

struct libusb_device {
  libusb_context* context;
  int references;
  struct listed listed;
  uint8_t* configuration;
};

struct libusb_device_handle {
  libusb_device* device;
  uint32_t number;
};

// For callers that give no context.
static libusb_context* common;

static void unref(libusb_device* device) {
  if (--device->references > 0) return;
  free(device->configuration);
  free(device);
}

int libusb_init(libusb_context** context) {
  libusb_context* fresh = malloc(sizeof *fresh);
  if (fresh == NULL) return LIBUSB_ERROR_NO_MEM;
  fresh->fd = connect_to_model();
  if (fresh->fd < 0) {
    free(fresh);
    return LIBUSB_ERROR_OTHER;
  }
  if (context != NULL) {
    *context = fresh;
  } else {
    common = fresh;
  }
  return LIBUSB_SUCCESS;
}

void libusb_exit(libusb_context* context) {
  if (context == NULL) {
    context = common;
    common = NULL;
  }
  if (context == NULL) return;
  if (context->fd >= 0) close(context->fd);
  free(context);
}

// Takes the next device off what came; NULL if what came is cut off, or there is no memory.
static libusb_device* take_device(libusb_context* context, const uint8_t** data, size_t* size) {
  libusb_device* device = calloc(1, sizeof *device);
  if (device == NULL) return NULL;
  device->context = context;
  device->references = 1;
  if (*size >= sizeof device->listed) {
    memcpy(&device->listed, *data, sizeof device->listed);
    *data += sizeof device->listed;
    *size -= sizeof device->listed;
    size_t wanted = device->listed.configuration_bytes;
    if (wanted <= *size && (device->configuration = malloc(wanted + 1)) != NULL) {
      memcpy(device->configuration, *data, wanted);
      *data += wanted;
      *size -= wanted;
      return device;
    }
  }
  unref(device);
  return NULL;
}

ssize_t libusb_get_device_list(libusb_context* context, libusb_device*** list) {
  if (context == NULL) context = common;
  if (context == NULL) return LIBUSB_ERROR_INVALID_PARAM;
  uint8_t* came = NULL;
  size_t size = 0;
  int count = ask(&context->fd, &(struct request){.operation = OP_LIST}, NULL, &came, &size);
  if (count < 0) return count;
  libusb_device** devices = calloc((size_t)count + 1, sizeof *devices);
  const uint8_t* rest = came;
  int taken = 0;
  while (devices != NULL && taken < count && (devices[taken] = take_device(context, &rest, &size)) != NULL) ++taken;
  free(came);
  if (devices == NULL) return LIBUSB_ERROR_NO_MEM;
  if (taken < count) {
    libusb_free_device_list(devices, 1);
    return LIBUSB_ERROR_IO;
  }
  *list = devices;
  return count;
}

void libusb_free_device_list(libusb_device** list, int unref_devices) {
  if (list == NULL) return;
  for (libusb_device** device = list; unref_devices && *device != NULL; ++device) unref(*device);
  free(list);
}

uint8_t libusb_get_bus_number(libusb_device* device) { return (uint8_t)device->listed.bus; }

uint8_t libusb_get_device_address(libusb_device* device) { return (uint8_t)device->listed.address; }

int libusb_get_device_descriptor(libusb_device* device, struct libusb_device_descriptor* descriptor) {
  _Static_assert(sizeof *descriptor == 18, "as it comes over the cable, on a little-endian computer");
  memcpy(descriptor, device->listed.descriptor, sizeof *descriptor);
  return LIBUSB_SUCCESS;
}

int libusb_get_active_config_descriptor(libusb_device* device, struct libusb_config_descriptor** configuration) {
  return read_configuration(device->configuration, device->listed.configuration_bytes, configuration);
}

static int tell(libusb_device_handle* handle, uint32_t operation, uint32_t index) {
  struct request request = {.operation = operation, .target = handle->number, .index = index};
  return ask(&handle->device->context->fd, &request, NULL, NULL, NULL);
}

int libusb_open(libusb_device* device, libusb_device_handle** handle) {
  libusb_device_handle* fresh = malloc(sizeof *fresh);
  if (fresh == NULL) return LIBUSB_ERROR_NO_MEM;
  struct request request = {.operation = OP_OPEN, .target = device->listed.device};
  int result = ask(&device->context->fd, &request, NULL, NULL, NULL);
  if (result < 0) {
    free(fresh);
    return result;
  }
  fresh->device = device;
  fresh->number = (uint32_t)result;
  ++device->references;
  *handle = fresh;
  return LIBUSB_SUCCESS;
}

void libusb_close(libusb_device_handle* handle) {
  if (handle == NULL) return;
  tell(handle, OP_CLOSE, 0);
  unref(handle->device);
  free(handle);
}

int libusb_claim_interface(libusb_device_handle* handle, int number) {
  return tell(handle, OP_CLAIM, (uint32_t)number);
}

int libusb_release_interface(libusb_device_handle* handle, int number) {
  return tell(handle, OP_RELEASE, (uint32_t)number);
}

int libusb_clear_halt(libusb_device_handle* handle, unsigned char endpoint) {
  return tell(handle, OP_CLEAR_HALT, endpoint);
}

// A transfer in either direction; returns the bytes that were transferred, or an error.
static int transfer(libusb_device_handle* handle, struct request request, int incoming, unsigned char* data,
                    size_t size) {
  uint8_t* came = NULL;
  size_t came_size = 0;
  request.target = handle->number;
  request.wanted = incoming ? (uint32_t)size : 0;
  request.size = incoming ? 0 : (uint32_t)size;
  int result = ask(&handle->device->context->fd, &request, data, &came, &came_size);
  if (incoming && result >= 0 && data != NULL) memcpy(data, came, came_size < size ? came_size : size);
  free(came);
  return result;
}

int libusb_control_transfer(libusb_device_handle* handle, uint8_t kind, uint8_t request, uint16_t value, uint16_t index,
                            unsigned char* data, uint16_t size, unsigned int timeout_ms) {
  struct request wire = {
      .operation = OP_CONTROL,
      .kind = kind,
      .request = request,
      .value = value,
      .index = index,
      .timeout_ms = timeout_ms,
  };
  return transfer(handle, wire, kind & ENDPOINT_IN, data, size);
}

int libusb_bulk_transfer(libusb_device_handle* handle, unsigned char endpoint, unsigned char* data, int size,
                         int* transferred, unsigned int timeout_ms) {
  if (size < 0) return LIBUSB_ERROR_INVALID_PARAM;
  struct request wire = {.operation = OP_BULK, .index = endpoint, .timeout_ms = timeout_ms};
  int result = transfer(handle, wire, endpoint & ENDPOINT_IN, data, (size_t)size);
  if (transferred != NULL) *transferred = result > 0 ? result : 0;
  return result < 0 ? result : LIBUSB_SUCCESS;
}

int libusb_get_string_descriptor_ascii(libusb_device_handle* handle, uint8_t index, unsigned char* text, int size) {
  if (index == 0 || size < 1) return LIBUSB_ERROR_INVALID_PARAM;
  unsigned char came[MAX_STRING_BYTES];
  // In the first language that the device has; all Picos speak one.
  int length = libusb_control_transfer(handle, ENDPOINT_IN, GET_DESCRIPTOR, STRING << 8, 0, came, sizeof came, 1000);
  if (length < 0) return length;
  if (length < 4) return LIBUSB_ERROR_IO;
  uint16_t language = (uint16_t)(came[2] | came[3] << 8);
  length = libusb_control_transfer(handle, ENDPOINT_IN, GET_DESCRIPTOR, (uint16_t)(STRING << 8 | index), language, came,
                                   sizeof came, 1000);
  if (length < 0) return length;
  if (length < 2 || came[0] > length || came[1] != STRING) return LIBUSB_ERROR_IO;
  int count = 0;
  for (int place = 2; place + 1 < came[0] && count < size - 1; place += 2) {
    int shown = came[place + 1] == 0 && came[place] < 0x80;
    text[count++] = shown ? came[place] : '?';
  }
  text[count] = '\0';
  return count;
}
