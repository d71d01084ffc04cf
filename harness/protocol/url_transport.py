"""Byte pipes over the network, to a serial port that another computer has: pyserial's `socket://` and `rfc2217://`."""

from __future__ import annotations

import contextlib
import threading
import warnings

import serial

from harness.deadline import Deadline
from harness.errors import BoardNotFound, DeviceTimeout, LinkLost
from harness.protocol.transport import SerialTransport, Transport

SCHEMES = ("rfc2217://", "socket://")
# pyserial's reader of RFC 2217 cannot be woken; this long a closing waits for it.
_READ_SECONDS = 0.1
# Small enough for the deadline to be looked at between two of them.
_WRITE_BYTES = 4096
_CHECK = (
    "check that the server runs there, that it speaks what the URL says (rfc2217 or plain bytes), that the board is "
    "plugged into that computer, and that nobody else is connected"
)
_WITHOUT_LINES = "if the server's port has no modem lines, write {}ign_set_control; DTR is the server's matter then"


def open_transport(url: str) -> Transport:
    """The pipe that an URL names.

    Raises:
        BoardNotFound: nobody answers there, or not as the URL says.
    """
    return SocketTransport(url) if url.startswith("socket://") else Rfc2217Transport(url)


def _open(url: str, timeout: float) -> serial.Serial:
    try:
        with warnings.catch_warnings():
            # pyserial 3.5 names its thread as Python 3.10 does not want it any more.
            warnings.simplefilter("ignore", DeprecationWarning)
            return serial.serial_for_url(url, baudrate=115200, timeout=timeout)
    except (serial.SerialException, OSError, ValueError) as error:
        # A server does not answer for lines that its port does not have, as ser2net for a pty.
        no_lines = "option 'control'" in str(error)
        raise BoardNotFound(
            f"{url} cannot be opened: {error}",
            advice=_WITHOUT_LINES.format(url + "&?"["?" not in url]) if no_lines else _CHECK,
        ) from None


def _close(port: serial.Serial) -> None:
    # pyserial 3.5 leaves the socket of a peer that is gone to the garbage collector.
    connection = getattr(port, "_socket", None)
    with contextlib.suppress(OSError, serial.SerialException):
        port.close()
    if connection is not None:
        connection.close()


class SocketTransport(SerialTransport):
    """A TCP connection whose bytes are the serial port's. It carries no DTR: the server has to set it."""

    def _open(self, port: str) -> serial.Serial:
        return _open(port, 0)

    def close(self) -> None:
        _close(self._serial)
        super().close()


class Rfc2217Transport:
    """A serial port over telnet's COM-PORT-OPTION (RFC 2217), with DTR.

    Raises:
        BoardNotFound: see `open_transport`.
    """

    def __init__(self, url: str) -> None:
        self.name = url
        self._serial = _open(url, _READ_SECONDS)
        self._woken = threading.Event()

    def read(self) -> bytes:
        while not self._woken.is_set():
            try:
                data: bytes = self._serial.read(1)
                data += self._serial.read(self._serial.in_waiting) if data else b""
            except (serial.SerialException, OSError) as error:
                raise LinkLost(f"port {self.name} hung up ({error})") from None
            # Nothing for a while, or nothing ever again: after the end its next read raises.
            if data:
                return data
        return b""

    def write(self, data: bytes, deadline: Deadline) -> None:
        for start in range(0, len(data), _WRITE_BYTES):
            if deadline.expired():
                raise DeviceTimeout(f"room to write {len(data) - start} bytes to {self.name}", deadline.seconds)
            try:
                self._serial.write(data[start : start + _WRITE_BYTES])
            except (serial.SerialException, OSError) as error:
                raise LinkLost(f"port {self.name} hung up ({error})") from None

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        _close(self._serial)
