"""Runs a program of others, picotool or uhubctl: without a shell, with a deadline, and nothing of it is left behind."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.deadline import Deadline

_MAX_BYTES = 1024 * 1024
_READ_BYTES = 64 * 1024
_END_SECONDS = 5.0
# setpriv's exit codes for a program that cannot be executed, and one that is not there.
_NOT_STARTED = (126, 127)


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes:
        code: exit code, negative for a signal; None if it did not end in time and was killed.
        output: what it printed, both streams together; the first `_MAX_BYTES` of it.
    """

    code: int | None
    output: str


def printable(output: str) -> str:
    """A program's words in one line that is safe to show in a terminal."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(output.split()))


def run_program(
    command: Sequence[str],
    deadline: Deadline,
    *,
    on_output: Callable[[str], None] = lambda text: None,
    keep_open: Iterable[int] = (),
) -> Ended:
    """Runs it to its end, or to the deadline. Whatever ends this call, an interrupt too, the program's group is killed.

    On Linux it ends with this process too, even if that is killed: util-linux's setpriv has the kernel see to it
    (PR_SET_PDEATHSIG of prctl(2)). Else picotool would go on for up to 10 s, its own limit for a board that is stuck.

    Args:
        command: the program and its arguments; no shell sees them.
        deadline: when it is killed.
        on_output: is given each piece of output as it comes.
        keep_open: file descriptors that it inherits: a lock lasts as long as one of its holders.

    Raises:
        OSError: it cannot be started.
    """
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(errno.ENOENT, "a program that can be run expected", command[0])
    process = subprocess.Popen(
        [*_tied_to_us(), program, *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # Ctrl-C is for us: we decide what becomes of a flash that is half written.
        start_new_session=True,
        pass_fds=tuple(keep_open),
    )
    assert process.stdout is not None
    said = bytearray()
    ended = False
    try:
        with process.stdout as pipe, selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while not deadline.expired() and selector.select(deadline.remaining()):
                data = os.read(pipe.fileno(), _READ_BYTES)
                if not data:
                    break
                said += data[: _MAX_BYTES - len(said)]
                on_output(data.decode("utf-8", "replace"))
            # Its end follows that of its output at once.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(deadline.remaining())
                ended = True
    finally:
        # With its children. Once it has been waited for, its number may be another's.
        if not ended:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            # What waits within the kernel for a hub that hangs ends when that does.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
    output = said.decode("utf-8", "replace")
    if process.returncode in _NOT_STARTED and output.startswith("setpriv: "):
        raise OSError(errno.ENOEXEC, f"a program that runs here expected ({printable(output)})", program)
    return Ended(process.returncode if ended else None, output)


def _tied_to_us() -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    return () if setpriv is None else (setpriv, "--pdeathsig", "KILL", "--")
