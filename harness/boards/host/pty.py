"""The device's end of a pseudo terminal."""

from __future__ import annotations

import os
import select
import selectors
import termios
import tty

from harness.deadline import Deadline

_READ_BYTES = 64 * 1024
_LAST_WORDS_SECONDS = 2.0
_LOOK_SECONDS = 0.002


class HostGone(Exception):
    """The process that started this device has ended."""


class PtyPort:
    """A pty whose other end a client opens by name.

    Args:
        lifeline: a file descriptor whose end of file means that whoever started us is gone.
    """

    def __init__(self, lifeline: int) -> None:
        self._lifeline = lifeline
        self._selector = selectors.DefaultSelector()
        self._selector.register(lifeline, selectors.EVENT_READ)
        self._open()

    def replace(self) -> None:
        """Hangs up, once the client has read the last words, and opens another pty.

        Raises:
            HostGone: there is nobody left to serve.
        """
        self._selector.unregister(self._master)
        deadline = Deadline(_LAST_WORDS_SECONDS)
        # What has not been read goes with a pty that is closed, and nothing but a look tells whether it has been.
        while select.select([self._slave], [], [], 0)[0] and not deadline.expired():
            self._wait(Deadline(_LOOK_SECONDS))
        os.close(self._slave)
        os.close(self._master)
        self._open()

    def read(self, deadline: Deadline | None = None) -> bytes:
        """What has come, at least one byte; b"" once the deadline has passed.

        Raises:
            HostGone: there is nobody left to serve.
        """
        self._selector.modify(self._master, selectors.EVENT_READ)
        while True:
            self._wait(deadline)
            try:
                return os.read(self._master, _READ_BYTES)
            except BlockingIOError:
                if deadline is not None and deadline.expired():
                    return b""

    def write(self, data: bytes) -> None:
        """Writes all of it, however slowly the client reads.

        Raises:
            HostGone: there is nobody left to serve.
        """
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._master, rest) :]
            except BlockingIOError:
                self._selector.modify(self._master, selectors.EVENT_WRITE)
                self._wait(None)

    def hang_up(self) -> None:
        """Waits until the client has read the last words and closed the port."""
        os.close(self._slave)
        deadline = Deadline(_LAST_WORDS_SECONDS)
        self._selector.modify(self._master, selectors.EVENT_READ)
        try:
            while not deadline.expired():
                self._wait(deadline)
                os.read(self._master, _READ_BYTES)
        except OSError:
            return

    def _open(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave, termios.TCSANOW)
        os.set_blocking(self._master, False)
        # Held open, the slave keeps the pty alive while no client is there.
        self.name = os.ttyname(self._slave)
        self._selector.register(self._master, selectors.EVENT_READ)

    def _wait(self, deadline: Deadline | None) -> None:
        ready = self._selector.select(None if deadline is None else deadline.remaining())
        if any(key.fd == self._lifeline for key, _ in ready) and os.read(self._lifeline, 1) == b"":
            raise HostGone
