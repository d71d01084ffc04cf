"""TFLM's own interpreter on this computer, in a process that may be lost: the host board and the reference run on it."""
