"""A device under the test's own hand: a pty, answered by a function in a thread."""

from __future__ import annotations

import contextlib
import os
import threading
import tty
from collections.abc import Callable

from harness.protocol.record import encode_record

Answer = Callable[["FakeDevice", bytes], None]


class FakeDevice:
    """Calls `answer` with every line that a client sends."""

    def __init__(self, answer: Answer) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self._slave: int | None = slave
        self.port = os.ttyname(slave)
        self._answer = answer
        self._number = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def record(self, kind: str, line: bytes, **fields: object) -> bytes:
        """A record in answer to a command line, with the next number."""
        verb, number = line.split()[0].decode(), int(line.rpartition(b"#")[2])
        record: dict[str, object] = {"n": self._number, "type": kind, "id": number, "verb": verb}
        self._number += 1
        return encode_record({**record, **fields})

    def skip_number(self) -> None:
        """As if one record had been lost on the way."""
        self._number += 1

    def write(self, data: bytes) -> None:
        """Sends bytes as they are."""
        while data:
            data = data[os.write(self._master, data) :]

    def hang_up(self) -> None:
        """The port disappears, as a Pico's does when its cable is pulled."""
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None
            os.close(self._master)

    def close(self) -> None:
        """Ends the device."""
        if self._slave is not None:
            # Wakes the thread out of its read by taking the last slave away.
            with contextlib.suppress(OSError):
                os.close(self._slave)
        self._thread.join(5)
        if self._slave is not None:
            os.close(self._master)
            self._slave = None

    def _run(self) -> None:
        buffer = b""
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:
                return
            if not data:
                return
            buffer += data
            while b"\n" in buffer:
                line, _, buffer = buffer.partition(b"\n")
                if not line:
                    continue
                self._answer(self, line)
                if self._slave is None:
                    return
