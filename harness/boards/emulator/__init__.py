"""The emulated Pico: the firmware's own image on rp2040py, its USB serial port on a pty."""
