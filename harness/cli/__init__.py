"""The command line, `tflm-hil`."""
