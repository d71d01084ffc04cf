"""USB descriptors of a Pico.

Sources: USB 2.0 specification, chapter 9; CDC 1.2, section 5.2.3; RP2040 datasheet, section 2.8.3.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

MANUFACTURER, PRODUCT, SERIAL = 1, 2, 3
_DEVICE, _CONFIGURATION, _STRING, _INTERFACE, _ENDPOINT = 1, 2, 3, 4, 5
_ASSOCIATION, _FUNCTIONAL = 11, 0x24
_BULK, _INTERRUPT = 2, 3
_ENGLISH = 0x0409

MSC = (0x08, 0x06, 0x50)
PICOBOOT = (0xFF, 0x00, 0x00)
CDC_CONTROL = (0x02, 0x02, 0x00)
CDC_DATA = (0x0A, 0x00, 0x00)
RESET = (0xFF, 0x00, 0x01)
_MISCELLANEOUS = (0xEF, 0x02, 0x01)

PICOBOOT_OUT, PICOBOOT_IN = 0x03, 0x84


@dataclass(frozen=True)
class Identity:
    """What a device says of itself.

    Attributes:
        device_class: class, subclass and protocol of the device as a whole.
        interfaces: class, subclass and protocol of each interface, in their order.
    """

    vendor: int
    product: int
    device_class: tuple[int, int, int]
    manufacturer: str
    product_name: str
    serial: str
    interfaces: tuple[tuple[int, int, int], ...]

    def device(self) -> bytes:
        """The device descriptor."""
        return struct.pack(
            "<BBHBBBBHHHBBBB",
            *(18, _DEVICE, 0x0200, *self.device_class, 64),
            *(self.vendor, self.product, 0x0100, MANUFACTURER, PRODUCT, SERIAL, 1),
        )

    def configuration(self) -> bytes:
        """The configuration descriptor, with all that belongs to it."""
        body = b""
        for number, kind in enumerate(self.interfaces):
            if kind == CDC_CONTROL:
                body += bytes((8, _ASSOCIATION, number, 2, *CDC_CONTROL, 0))
            body += _interface(number, kind)
        header = struct.pack("<BBHBBBBB", 9, _CONFIGURATION, 9 + len(body), len(self.interfaces), 1, 0, 0x80, 125)
        return header + body

    def string(self, index: int) -> bytes | None:
        """A string descriptor, or None where there is none."""
        if index == 0:
            return struct.pack("<BBH", 4, _STRING, _ENGLISH)
        text = {MANUFACTURER: self.manufacturer, PRODUCT: self.product_name, SERIAL: self.serial}.get(index)
        if text is None:
            return None
        data = text.encode("utf-16-le")
        return bytes((2 + len(data), _STRING)) + data


def _interface(number: int, kind: tuple[int, int, int]) -> bytes:
    extra = b""
    ends: Sequence[tuple[int, int, int]] = ()
    if kind == MSC:
        ends = ((0x81, _BULK, 64), (0x02, _BULK, 64))
    elif kind == PICOBOOT:
        ends = ((PICOBOOT_OUT, _BULK, 64), (PICOBOOT_IN, _BULK, 64))
    elif kind == CDC_CONTROL:
        # Header, call management, abstract control model, union of this interface and the next.
        extra = bytes((5, _FUNCTIONAL, 0, 0x20, 1, 5, _FUNCTIONAL, 1, 0, number + 1))
        extra += bytes((4, _FUNCTIONAL, 2, 2, 5, _FUNCTIONAL, 6, number, number + 1))
        ends = ((0x81, _INTERRUPT, 8),)
    elif kind == CDC_DATA:
        ends = ((0x02, _BULK, 64), (0x82, _BULK, 64))
    body = bytes((9, _INTERFACE, number, 0, len(ends), *kind, 0)) + extra
    for address, way, size in ends:
        body += struct.pack("<BBBBHB", 7, _ENDPOINT, address, way, size, 0 if way == _BULK else 16)
    return body


def bootsel(vendor: int, product: int, product_name: str, serial: str, *, msc: bool) -> Identity:
    """A chip in BOOTSEL, with its drive or without."""
    interfaces = (MSC, PICOBOOT) if msc else (PICOBOOT,)
    return Identity(vendor, product, (0, 0, 0), "Raspberry Pi", product_name, serial, interfaces)


def application(vendor: int, product: int, product_name: str, serial: str, *, reset: bool) -> Identity:
    """A firmware with a serial port, and with the reset interface or without."""
    interfaces = (CDC_CONTROL, CDC_DATA, RESET) if reset else (CDC_CONTROL, CDC_DATA)
    return Identity(vendor, product, _MISCELLANEOUS, "tflm-hil", product_name, serial, interfaces)
