"""The device's end of the pty that stands for its serial port; nothing here blocks."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import tty

from harness.deadline import Deadline

_READ_BYTES = 16 * 1024
_SPEED = termios.B115200
# tcgetattr tells speeds as codes.
_SPEEDS = {
    getattr(termios, name): int(name[1:]) for name in dir(termios) if name.startswith("B") and name[1:].isdecimal()
}
_INPUT_SPEED, _OUTPUT_SPEED = 4, 5
# The last words of a device that has gone, for whoever still reads.
_LAST_WORDS_SECONDS = 0.5


class Port:
    """A pty whose other end clients open by name.

    The other end is not held open here: so the kernel tells when nobody has it, which a real port tells its device too.

    Attributes:
        name: what to open.
        fd: to wait for.
    """

    def __init__(self) -> None:
        self.fd, slave = os.openpty()
        tty.setraw(slave, termios.TCSANOW)
        settings = termios.tcgetattr(slave)
        settings[_INPUT_SPEED] = settings[_OUTPUT_SPEED] = _SPEED
        termios.tcsetattr(slave, termios.TCSANOW, settings)
        self.name = os.ttyname(slave)
        os.close(slave)
        os.set_blocking(self.fd, False)
        self._poll = select.poll()
        self._poll.register(self.fd, select.POLLIN)

    def is_open(self) -> bool:
        """Whether a client has it open, or had and has left something to read."""
        events = dict(self._poll.poll(0)).get(self.fd, 0)
        return bool(events & select.POLLIN or not events & select.POLLHUP)

    def speed(self) -> int:
        """The speed that was set last, in baud; 0 if it is none that a real port knows."""
        return _SPEEDS.get(termios.tcgetattr(self.fd)[_OUTPUT_SPEED], 0)

    def read(self) -> bytes:
        """What clients have written; b"" if there is nothing, or nobody."""
        # Without a client: what it has written before it closed, and then EIO.
        with contextlib.suppress(OSError):
            return os.read(self.fd, _READ_BYTES)
        return b""

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Gives it to whoever reads; returns how many bytes there was room for."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0
        except OSError:
            # Nobody has it open; what is said to nobody is gone.
            return len(data)

    def close(self) -> None:
        """Hangs up at once; what a client has not read is lost to it."""
        self._poll.unregister(self.fd)
        os.close(self.fd)


class Farewell:
    """A port whose device has gone, with what it still had to say.

    A pty that is closed takes with it what has not been read. A real port's driver hands on the last bytes before it
    hangs up; so this one stays, for a moment, until they have been read.

    Args:
        port: closed by `over`, or by `close`.
        rest: what did not fit into the port yet.
    """

    def __init__(self, port: Port, rest: bytes) -> None:
        self._port = port
        self._rest = memoryview(rest)
        self._deadline = Deadline(_LAST_WORDS_SECONDS)

    def over(self) -> bool:
        """Hands on what can be handed on; whether the port is closed now."""
        if self._port.is_open() and not self._deadline.expired():
            self._rest = self._rest[self._port.write(self._rest) :] if self._rest else self._rest
            if self._rest or self._unread():
                return False
        self._port.close()
        return True

    def close(self) -> None:
        """Hangs up at once."""
        self._port.close()

    def _unread(self) -> bool:
        try:
            slave = os.open(self._port.name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            poll = select.poll()
            poll.register(slave, select.POLLIN)
            return bool(poll.poll(0))
        finally:
            os.close(slave)
