// TinyUSB's compile-time settings: one serial port, and the reset interface, which is ours.
#pragma once

#define CFG_TUSB_RHPORT0_MODE OPT_MODE_DEVICE
#define CFG_TUD_ENDPOINT0_SIZE 64

#define CFG_TUD_CDC 1
// A whole record of 4 KiB of base64 goes out in one piece.
#define CFG_TUD_CDC_TX_BUFSIZE 4096
#define CFG_TUD_CDC_RX_BUFSIZE 2048
// One packet each: a longer transfer would end only with a short packet, which a host need not send.
#define CFG_TUD_CDC_EP_BUFSIZE 64
