"""A byte pipe to a device. `SerialTransport` is the one for ttys and ptys."""

from __future__ import annotations

import contextlib
import os
import selectors
from typing import Protocol

import serial

from harness.deadline import Deadline
from harness.errors import BoardBusy, BoardNotFound, DeviceTimeout, LinkLost

READ_BYTES = 64 * 1024


class Transport(Protocol):
    """What the link needs of a port. `read` is called by one thread, all else by another."""

    name: str

    def read(self) -> bytes:
        """Blocks until bytes are there and returns them; b"" after `wake`.

        Raises:
            LinkLost: the port hung up; all that had come before it was returned.
        """

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Writes all of `data`.

        Raises:
            LinkLost: the port hung up.
            DeviceTimeout: the device does not read.
        """

    def wake(self) -> None:
        """Makes a blocked `read` return b""."""

    def close(self) -> None:
        """Closes the port; after `read` has returned for the last time."""


class SerialTransport:
    """A tty, opened by pyserial for exclusive use, read and written through its file descriptor.

    Reading the descriptor in large blocks makes it fast: pyserial's own `readline` makes a system call per byte.

    Raises:
        BoardNotFound: there is no such port, or it may not be opened.
        BoardBusy: another program holds it.
    """

    def __init__(self, port: str) -> None:
        self.name = port
        self._serial = self._open(port)
        self._fd: int = self._serial.fileno()
        self._wake_read, self._wake_write = os.pipe()
        self._readable = selectors.DefaultSelector()
        self._readable.register(self._fd, selectors.EVENT_READ)
        self._readable.register(self._wake_read, selectors.EVENT_READ)
        self._writable = selectors.DefaultSelector()
        self._writable.register(self._fd, selectors.EVENT_WRITE)

    def _open(self, port: str) -> serial.Serial:
        try:
            return serial.Serial(port, baudrate=115200, timeout=0, write_timeout=0, exclusive=True)
        except serial.SerialException as error:
            if "exclusively lock" in str(error):
                raise BoardBusy(f"port {port} is in use by another program") from None
            raise BoardNotFound(
                f"port {port} cannot be opened: {error}",
                advice="check that the device is there and that you may open it (Linux: group dialout, or udev rules)",
            ) from None

    def read(self) -> bytes:
        while True:
            ready = self._readable.select()
            if any(key.fd == self._fd for key, _ in ready):
                try:
                    data = os.read(self._fd, READ_BYTES)
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise LinkLost(f"port {self.name} hung up ({error.strerror})") from None
                if not data:
                    raise LinkLost(f"port {self.name} hung up")
                return data
            if ready:
                return b""

    def write(self, data: bytes, deadline: Deadline) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._fd, rest) :]
                continue
            except BlockingIOError:
                pass
            except OSError as error:
                raise LinkLost(f"port {self.name} hung up ({error.strerror})") from None
            if not self._writable.select(deadline.remaining()) and deadline.expired():
                raise DeviceTimeout(f"room to write {len(rest)} bytes to {self.name}", deadline.seconds)

    def wake(self) -> None:
        os.write(self._wake_write, b"x")

    def close(self) -> None:
        self._readable.close()
        self._writable.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
        # A port that is gone cannot be restored to its old settings; it is closed all the same.
        with contextlib.suppress(OSError, serial.SerialException):
            self._serial.close()
