"""One device on the virtual bus, from its enumeration until it goes: what libusb's functions do to it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from tests.virtual_usb import errors
from tests.virtual_usb.descriptors import RESET, Identity
from tests.virtual_usb.errors import UsbError

_IN = 0x80
_TYPE_MASK, _STANDARD, CLASS, VENDOR_TYPE = 0x60, 0x00, 0x20, 0x40
_RECIPIENT_MASK, TO_INTERFACE, _TO_ENDPOINT = 0x1F, 1, 2
_GET_STATUS, _GET_DESCRIPTOR = 0, 6
_STRING = 3

_RESET_TO_BOOTSEL, _RESET_TO_FLASH = 1, 2

# Waits so many seconds, or until the device goes.
Wait = Callable[[float], None]


class UsbDevice:
    """A device. All methods are called with the bus's lock held.

    Args:
        number: of this enumeration, never used twice.
        wait: waits with the lock released.
        kernel: numbers of the interfaces that a driver of the kernel's has.

    Attributes:
        node: its file below the virtual /dev.
        gone: whether it has left the bus.
    """

    def __init__(
        self,
        number: int,
        bus: int,
        address: int,
        identity: Identity,
        *,
        node: Path,
        wait: Wait,
        kernel: tuple[int, ...] = (),
    ) -> None:
        self.number = number
        self.bus = bus
        self.address = address
        self.identity = identity
        self.node = node
        self.gone = False
        self._wait = wait
        self._claims: dict[int, object] = dict.fromkeys(kernel, "kernel")

    def pause(self, seconds: float) -> None:
        """Lets time pass.

        Raises:
            UsbError: the device has gone meanwhile.
        """
        if seconds > 0:
            self._wait(seconds)
        if self.gone:
            raise UsbError(errors.NO_DEVICE)

    def claim(self, interface: int, owner: object) -> None:
        """Gives an interface to one handle alone.

        Raises:
            UsbError: another one has it, or a driver; or there is none.
        """
        if interface >= len(self.identity.interfaces):
            raise UsbError(errors.NOT_FOUND)
        if self._claims.setdefault(interface, owner) is not owner:
            raise UsbError(errors.BUSY)

    def release(self, owner: object, interface: int | None = None) -> None:
        """Takes an interface away from a handle, or all that it has."""
        for number, other in list(self._claims.items()):
            if other is owner and interface in (None, number):
                del self._claims[number]

    def control(self, kind: int, request: int, value: int, index: int, data: bytes, wanted: int) -> bytes:
        """A control transfer; returns what came from the device.

        Raises:
            UsbError: it was refused.
        """
        if kind & _TYPE_MASK == _STANDARD and kind & _IN:
            if request == _GET_DESCRIPTOR and value >> 8 == _STRING:
                came = self.identity.string(value & 0xFF)
                if came is not None:
                    return came[:wanted]
            if request == _GET_STATUS and kind & _RECIPIENT_MASK == _TO_ENDPOINT:
                return struct.pack("<H", self.halted(index))[:wanted]
        came = self.request(kind & ~_IN, request, value, index, wanted if kind & _IN else 0)
        if came is None:
            raise UsbError(errors.PIPE)
        return came

    def request(self, kind: int, request: int, value: int, index: int, wanted: int) -> bytes | None:
        """A request that is no standard one; None refuses it."""
        return None

    def halted(self, endpoint: int) -> bool:
        """Whether an endpoint is stalled."""
        return False

    def clear_halt(self, endpoint: int) -> None:
        """Ends an endpoint's stall."""

    def bulk_out(self, endpoint: int, data: bytes, seconds: float) -> int:
        """Sends; returns how many bytes were taken.

        Raises:
            UsbError: stalled, too slow, no such endpoint.
        """
        raise UsbError(errors.NOT_FOUND)

    def bulk_in(self, endpoint: int, wanted: int, seconds: float) -> bytes:
        """Receives.

        Raises:
            UsbError: stalled, too slow, no such endpoint.
        """
        raise UsbError(errors.NOT_FOUND)


class ApplicationDevice(UsbDevice):
    """A board whose firmware runs: serial port and reset interface.

    Attributes:
        reset_requested: is called with "bootsel" or "application", and what BOOTSEL is to leave out (1: the drive).
    """

    reset_requested: Callable[[str, int], None]

    def request(self, kind: int, request: int, value: int, index: int, wanted: int) -> bytes | None:
        to_reset = dict(enumerate(self.identity.interfaces)).get(index) == RESET
        if kind != CLASS | TO_INTERFACE or not to_reset or request not in (_RESET_TO_BOOTSEL, _RESET_TO_FLASH):
            return None
        self.reset_requested("bootsel" if request == _RESET_TO_BOOTSEL else "application", value & 0x7F)
        return b""
