"""The host board: the device side of the protocol on a pty, with TFLM's own interpreter behind it."""
