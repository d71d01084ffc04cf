"""Between the emulated USB serial port and the pty that clients open."""

from __future__ import annotations

from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector

from harness.boards.emulator.cdc_pipe import BACKLOG_BYTES
from harness.boards.emulator.port import Farewell, Port
from harness.boards.emulator.usb_host import UsbHost

# What is kept here for a client that does not read; then the device is asked for no more.
_UNREAD_BYTES = 16 * 1024
_FLUSH_BYTES = 4096
_PACKET_BYTES = 64
# A pty that nobody has open cannot be waited for; it is looked at so often.
_CLOSED_SECONDS = 0.01
_MAX_FAREWELLS = 8


class SerialPort:
    """Moves bytes, and tells the device whether anybody has the port open, and at which speed.

    Args:
        usb: the other side.
        selector: knows the pty as long as a client has it open.

    Attributes:
        patience: seconds after which `serve` wants to be called again.
    """

    def __init__(self, usb: UsbHost, selector: DefaultSelector) -> None:
        self._usb = usb
        self._selector = selector
        self._port: Port | None = None
        self._farewells: list[Farewell] = []
        self._open = False
        self._speed = 0
        self._unread = bytearray()
        self._waits_for = 0
        self.patience = _CLOSED_SECONDS

    def appear(self) -> str:
        """The device has a serial port now; returns the pty's name."""
        self.vanish()
        self._port = Port()
        self._speed = 0
        return self._port.name

    def vanish(self) -> None:
        """The device has gone."""
        if self._port is None:
            return
        self._flush()
        self._watch(0)
        if len(self._farewells) == _MAX_FAREWELLS:
            # A device that restarts again and again does not get ever more of them.
            self._farewells.pop(0).close()
        self._farewells.append(Farewell(self._port, bytes(self._unread)))
        self._port = None
        self._open = False
        self._unread.clear()

    def from_device(self, packet: bytes) -> None:
        """A packet came from the device; what completes a message is handed on at once."""
        self._unread += packet
        if len(packet) < _PACKET_BYTES or len(self._unread) >= _FLUSH_BYTES:
            self._flush()
        if len(self._unread) >= _UNREAD_BYTES:
            self._usb.cdc.read(False)

    def serve(self) -> None:
        """Does all that can be done without waiting."""
        self._farewells = [farewell for farewell in self._farewells if not farewell.over()]
        self.patience = _CLOSED_SECONDS if self._farewells or not self._open else 1.0
        port = self._port
        if port is None:
            return
        is_open = port.is_open()
        if is_open:
            self._tell_speed(port)
        if is_open != self._open:
            self._open = is_open
            self._usb.set_lines(is_open)
            # What the client before has left; a kernel's driver drops it too.
            self._unread.clear()
            if is_open:
                self._usb.cdc.discard()
        self._flush()
        wanted = is_open and len(self._unread) < _UNREAD_BYTES
        if wanted != self._usb.cdc.reading:
            self._usb.cdc.read(wanted)
        # A device answers only whoever has raised DTR: what a client writes waits until the device knows.
        settled = self._usb.settled
        if not settled:
            self.patience = 0.0
        if is_open and settled and self._usb.cdc.backlog < BACKLOG_BYTES:
            data = port.read()
            if data:
                self._usb.cdc.send(data)
        reads = EVENT_READ if settled and self._usb.cdc.backlog < BACKLOG_BYTES else 0
        self._watch((reads | (EVENT_WRITE if self._unread else 0)) if is_open else 0)

    def _tell_speed(self, port: Port) -> None:
        speed = port.speed()
        if speed and speed != self._speed:
            self._speed = speed
            self._usb.set_line_coding(speed)

    def _flush(self) -> None:
        if self._port is not None and self._unread:
            del self._unread[: self._port.write(self._unread)]

    def _watch(self, events: int) -> None:
        """Has the selector wait for the pty."""
        if self._port is None or events == self._waits_for:
            return
        if not self._waits_for:
            self._selector.register(self._port.fd, events)
        elif not events:
            self._selector.unregister(self._port.fd)
        else:
            self._selector.modify(self._port.fd, events)
        self._waits_for = events
