#ifndef TFLM_HIL_VIRTUAL_USB_CONNECTION_H
#define TFLM_HIL_VIRTUAL_USB_CONNECTION_H

#include <stddef.h>

#include "wire.h"

// Connects to the model; returns a socket, or -1.
int connect_to_model(void);

// Sends a request and takes its reply, for as long as the transfer may take and a few seconds more.
// data: what goes with the request, or NULL. answer: what came with the reply, to be freed by the caller; or NULL.
// Returns the reply's result, or LIBUSB_ERROR_NO_DEVICE once the model is gone or does not react; *fd is -1 then.
int ask(int* fd, const struct request* request, const void* data, uint8_t** answer, size_t* answer_size);

#endif
