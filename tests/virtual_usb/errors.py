"""libusb's error codes, as its documentation gives them."""

from __future__ import annotations

IO = -1
ACCESS = -3
NO_DEVICE = -4
NOT_FOUND = -5
BUSY = -6
TIMEOUT = -7
PIPE = -9


class UsbError(Exception):
    """What a libusb function returns instead of success."""

    def __init__(self, code: int) -> None:
        super().__init__(f"libusb error {code}")
        self.code = code
