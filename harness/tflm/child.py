"""The parent's side of a TFLM process: starts it, calls it, and reports its death as an ordinary outcome."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import struct
import subprocess
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from harness.deadline import Deadline
from harness.process import own_program
from harness.tflm import availability

# Without a sign of life for so long, the child is taken for hung. It gives one per second, or more, between invokes.
WATCHDOG_SECONDS = 30.0
_BEAT_SECONDS = 1.0
_READ_BYTES = 64 * 1024
_KILL_SECONDS = 10.0


class ChildFailed(Exception):
    """TFLM, or its Python binding, returned an error; the child lives."""


class ChildDied(Exception):
    """The child process ended in the middle of a call, or was ended because it hung.

    Attributes:
        reason: "SIGSEGV" and the like, "exit 3", or "watchdog: ...".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ParentGone(Exception):
    """The file descriptor that stands for the parent's own parent was closed."""


class TflmChild:
    """One TFLM process; after a `ChildDied`, the next call starts a new one without sessions.

    Args:
        on_log: takes what TFLM prints, as it comes.
        lifeline: a file descriptor whose end of file, while a call is under way, kills the child.
        watchdog: seconds without a sign of life after which a call counts as hung.
    """

    def __init__(
        self,
        on_log: Callable[[bytes], None],
        *,
        lifeline: int | None = None,
        watchdog: float = WATCHDOG_SECONDS,
    ) -> None:
        self._on_log = on_log
        self._lifeline = lifeline
        self._watchdog = watchdog
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection[Any, Any] | None = None
        self._stderr = -1
        self._selector: selectors.BaseSelector | None = None

    @property
    def pid(self) -> int | None:
        """The process id, None before the first call."""
        return None if self._process is None else self._process.pid

    def call(self, operation: str, session: int, **arguments: Any) -> Any:
        """Has the child do something.

        Raises:
            ChildFailed, ChildDied, ParentGone: as their texts say.
            ReferenceUnavailable: TFLM's interpreter cannot run here.
        """
        if self._process is None:
            self._start()
        assert self._connection is not None
        try:
            try:
                self._connection.send((operation, session, arguments))
            except (BrokenPipeError, ConnectionResetError):
                raise ChildDied(self._bury()) from None
            except BlockingIOError:
                raise self._hung() from None
            status, value = self._await()
        except (ChildDied, ParentGone):
            raise
        except BaseException:
            # An alarm or Ctrl-C in the middle: the answer that is still to come would be taken for the next one's.
            self.close()
            raise
        if status == "error":
            raise ChildFailed(value)
        return value

    def close(self) -> None:
        """Ends the child."""
        if self._process is not None:
            self._process.kill()
            self._bury()

    def _start(self) -> None:
        availability.require()
        beat = min(_BEAT_SECONDS, self._watchdog / 4)
        ours, theirs = Pipe()
        stderr_read, stderr_write = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*own_program("harness.tflm.worker"), str(theirs.fileno()), str(os.getpid()), str(beat)],
                stdin=subprocess.DEVNULL,
                stdout=stderr_write,
                stderr=stderr_write,
                pass_fds=[theirs.fileno()],
            )
        finally:
            theirs.close()
            os.close(stderr_write)
        os.set_blocking(stderr_read, False)
        _limit_blocking(ours.fileno(), self._watchdog)
        self._connection = ours
        self._stderr = stderr_read
        self._selector = selectors.DefaultSelector()
        for source in (ours, stderr_read, self._lifeline):
            if source is not None:
                self._selector.register(source, selectors.EVENT_READ)

    def _await(self) -> tuple[str, Any]:
        assert self._connection is not None and self._process is not None and self._selector is not None
        deadline = Deadline(self._watchdog)
        while True:
            ready = [key.fileobj for key, _ in self._selector.select(deadline.remaining())]
            if not ready and deadline.expired():
                raise self._hung()
            if self._lifeline is not None and self._lifeline in ready and os.read(self._lifeline, 1) == b"":
                self.close()
                raise ParentGone
            if self._stderr in ready and not self._drain():
                self._selector.unregister(self._stderr)
            if self._connection in ready:
                try:
                    status, value = self._connection.recv()
                except BlockingIOError:
                    raise self._hung() from None
                except (EOFError, OSError):
                    raise ChildDied(self._bury()) from None
                if status == "beat":
                    deadline = Deadline(self._watchdog)
                    continue
                # What TFLM printed before it answered comes before the answer.
                self._drain()
                return status, value

    def _hung(self) -> ChildDied:
        assert self._process is not None
        self._process.kill()
        self._bury()
        return ChildDied(f"watchdog: no sign of life for {self._watchdog:g} s")

    def _drain(self) -> bool:
        """Hands on what is there; False at the end of the stream."""
        while True:
            try:
                data = os.read(self._stderr, _READ_BYTES)
            except BlockingIOError:
                return True
            if not data:
                return False
            self._on_log(data)

    def _bury(self) -> str:
        """Cleans up after a child that is dead or dying, and says what it died of."""
        assert self._process is not None and self._connection is not None and self._selector is not None
        self._selector.close()
        self._connection.close()
        try:
            code = self._process.wait(_KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait(_KILL_SECONDS)
        with contextlib.suppress(OSError):
            self._drain()
        os.close(self._stderr)
        self._process = None
        self._connection = None
        if code >= 0:
            return f"exit {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"


def _limit_blocking(fd: int, seconds: float) -> None:
    """No send or receive on the socket blocks longer, be it in the middle of a large message."""
    limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
    with socket.socket(fileno=os.dup(fd)) as pair:
        pair.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        pair.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
