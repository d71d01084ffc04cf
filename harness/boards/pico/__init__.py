"""A Pico on a USB cable: found, locked, flashed with picotool, followed by its USB port, and brought back."""
