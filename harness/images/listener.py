"""Reads an image's serial port all the time, in a thread of its own: a board whose host does not read stands still."""

from __future__ import annotations

import contextlib
import queue
import threading

from harness.errors import LinkLost
from harness.protocol.transport import Transport

# Pieces of at most 64 KiB. An image that says more than can be looked at is read more slowly.
_MAX_PIECES = 64
_LOOK_SECONDS = 0.1
_JOIN_SECONDS = 5.0


class Listener:
    """What comes from a port, in order. Closes the port at its end.

    Args:
        transport: an open port.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._pieces: queue.Queue[bytes] = queue.Queue(_MAX_PIECES)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"listener to {transport.name}", daemon=True)
        self._thread.start()

    def next(self, seconds: float) -> bytes | None:
        """The next piece; b"" once the port has hung up, None if nothing came in time."""
        try:
            return self._pieces.get(timeout=seconds) if seconds > 0 else self._pieces.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        """Ends the thread and closes the port."""
        self._closing.set()
        self._transport.wake()
        self._thread.join(_JOIN_SECONDS)
        if not self._thread.is_alive():
            self._transport.close()

    def _run(self) -> None:
        # Its end is told as an empty piece.
        with contextlib.suppress(LinkLost):
            while not self._closing.is_set():
                data = self._transport.read()
                if data:
                    self._put(data)
        self._put(b"")

    def _put(self, piece: bytes) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(queue.Full):
                self._pieces.put(piece, timeout=_LOOK_SECONDS)
                return
