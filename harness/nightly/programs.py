"""Programs that a night starts: each with a deadline, none left behind, and what they write bounded."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, Literal

from harness.deadline import Deadline
from harness.nightly.webhook import URL_VARIABLE

# How long a program may take to end by itself, first when asked as by Ctrl-C, then when told to.
GRACE_SECONDS = 20.0
_TERM_SECONDS = 5.0
_MAX_LOG_BYTES = 32 * 1024 * 1024
_CHUNK = 65536
# Becomes the program after it. Python itself ignores two more signals, which the program is not to inherit either.
_HEARING = (
    "import os, signal, sys\n"
    "for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ): signal.signal(number, signal.SIG_DFL)\n"
    "try: os.execvp(sys.argv[1], sys.argv[1:])\n"
    "except OSError as error: sys.exit(f'{sys.argv[1]} cannot be started: {error.strerror}')\n"
)

How = Literal["ended", "deadline", "stopped", "not started"]


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        how: "ended" by itself, by its "deadline", "stopped" with the whole night, or "not started" at all.
        code: its exit code; None if it did not end by itself.
        seconds: how long it ran.
        log: what it wrote.
        reason: why it was not started.
    """

    how: How
    code: int | None
    seconds: float
    log: Path
    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether it ended by itself, and well."""
        return self.how == "ended" and self.code == 0


class Programs:
    """Starts programs and can end all that run. May be used from several threads.

    Args:
        grace: how many seconds a program has to end after it was asked to.
    """

    def __init__(self, grace: float = GRACE_SECONDS) -> None:
        self._grace = grace
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def run(
        self, command: Sequence[str], *, seconds: float, log: Path, environment: Mapping[str, str] | None = None
    ) -> Ended:
        """Runs a program to its end, or to its deadline.

        At the deadline it is asked to end as by Ctrl-C, so that pytest still writes what it has found out; what does
        not heed that is killed, with all that it has started.

        Args:
            command: the program and its arguments; no shell.
            seconds: how long it may take.
            log: where what it writes goes; the first 32 MiB of it.
            environment: in addition to this process's.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        begin = monotonic()
        with log.open("wb") as file:
            with self._lock:
                if self._stopped:
                    return Ended("stopped", None, 0.0, log)
                try:
                    process = subprocess.Popen(
                        _hearing(command),
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT,
                        env={**_environment(), **(environment or {})},
                        # A group of its own: it can be ended together with all that it has started.
                        start_new_session=True,
                    )
                except OSError as error:
                    reason = f"{command[0]} cannot be started: {error.strerror}"
                    file.write(f"{reason}\n".encode())
                    return Ended("not started", None, 0.0, log, reason)
                self._running.add(process)
            assert process.stdout is not None
            copier = threading.Thread(target=_copy, args=(process.stdout, file), daemon=True)
            copier.start()
            try:
                in_time = self._wait(process, seconds)
            finally:
                with self._lock:
                    self._running.discard(process)
                _kill_group(process)
                # Nobody writes any more, unless something has left the group; that is not waited for.
                copier.join(_TERM_SECONDS)
        took = monotonic() - begin
        if self._stopped:
            return Ended("stopped", None, took, log)
        return Ended("ended", process.returncode, took, log) if in_time else Ended("deadline", None, took, log)

    def stop(self) -> None:
        """Ends all programs that run, as at their deadlines, and starts no others."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _signal(process, signal.SIGINT)
        deadline = Deadline(self._grace)
        for process in running:
            try:
                process.wait(deadline.remaining())
            except subprocess.TimeoutExpired:
                _kill_group(process)

    def _wait(self, process: subprocess.Popen[bytes], seconds: float) -> bool:
        """Whether it ended by itself."""
        try:
            process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            pass
        for sent, grace in ((signal.SIGINT, self._grace), (signal.SIGTERM, min(self._grace, _TERM_SECONDS))):
            _signal(process, sent)
            try:
                process.wait(grace)
                return False
            except subprocess.TimeoutExpired:
                continue
        _kill_group(process)
        process.wait()
        return False


def _environment() -> dict[str, str]:
    """This process's, without the chat's address: tests have no use for it, and print what they have."""
    return {name: value for name, value in os.environ.items() if name != URL_VARIABLE}


def _hearing(command: Sequence[str]) -> list[str]:
    """The command, so that its program hears SIGINT.

    A shell that starts something in the background has it ignore SIGINT, and what is ignored stays so in all that it
    starts: pytest would never hear its deadline. What is handled begins anew. Python's own `preexec_fn` could change
    that, but is not safe where there are threads, of which a night has one for each board.

    Raises:
        OSError: there is no such program.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        return list(command)
    # Here, as later only the one in between would be found to have started.
    if shutil.which(command[0]) is None:
        number = errno.EACCES if Path(command[0]).exists() else errno.ENOENT
        raise OSError(number, os.strerror(number), command[0])
    return [sys.executable, "-I", "-S", "-c", _HEARING, *command]


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    left = _MAX_LOG_BYTES
    # Closed when the program was not waited for any longer.
    with contextlib.suppress(ValueError, OSError):
        while data := os.read(source.fileno(), _CHUNK):
            if left > 0:
                target.write(data[:left])
                target.flush()
                left -= len(data)
                if left <= 0:
                    target.write(b"\n... more than this was not kept ...\n")
        source.close()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # The group has the number of its first process, and outlives it as long as one is left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
