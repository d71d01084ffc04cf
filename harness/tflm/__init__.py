"""TFLM's own interpreter on this computer, in a process that may be lost: for the host board and the reference."""
