"""Runs one image on a board, and says what became of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.deadline import Deadline
from harness.errors import HarnessError, NotStarted
from harness.flash.boot2 import check_boot2
from harness.flash.uf2 import BLOCK_BYTES, MAX_BLOCKS, Uf2Invalid, WrongChip, read_uf2
from harness.images.board import ImageBoard
from harness.images.judge import PANIC, Judge, LineCutter, Outcome, Verdict
from harness.images.listener import Listener
from harness.images.log import ImageLog

# One more for erratum RP2350-E10, and one byte by which a longer file is known.
_MAX_BYTES = (MAX_BLOCKS + 1) * BLOCK_BYTES + 1
# What stands behind a panic or a failure says which; then nothing comes, or the same again.
_AFTERWORD_SECONDS = 1.0
_AFTERWORD_QUIET_SECONDS = 0.3
_SHOWN_CHARS = 120


@dataclass(frozen=True)
class Limits:
    """How long an image is listened to.

    Attributes:
        seconds: after which it has no verdict, from when its port was opened.
        silence: seconds without a byte after which it is taken for dead.
    """

    seconds: float
    silence: float


@dataclass(frozen=True)
class Result:
    """What became of an image.

    Attributes:
        name: what it is called in the report.
        path: its file.
        outcome: the verdict.
        detail: why, in words.
        seconds: from the opening of its port to the verdict; 0 where it did not run.
        sha256: of its file, "" where that could not be read.
        log: the newest lines that it said, each with its time.
    """

    name: str
    path: Path
    outcome: Outcome
    detail: str
    seconds: float = 0.0
    sha256: str = ""
    log: str = ""


def run_image(
    board: ImageBoard,
    name: str,
    path: Path,
    judge: Judge,
    limits: Limits,
    *,
    shown: Callable[[str], None] = lambda line: None,
    log_file: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Result:
    """Runs one image. Whatever the image is or does, it is the result; the board's own trouble is `NOT_RUN`.

    Args:
        board: where it runs.
        name: what it is called.
        path: a UF2.
        judge: decides; for this image alone.
        limits: when to give up.
        shown: is given each line of the log.
        log_file: where the log goes too.
        clock: a monotonic clock in seconds.

    Raises:
        OSError: the log cannot be written.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES)
        check_boot2(read_uf2(data))
    except OSError as error:
        return Result(name, path, Outcome.REFUSED, f"it cannot be read: {error.strerror}")
    except Uf2Invalid as error:
        return Result(name, path, Outcome.REFUSED, error.message)
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        transport = board.flash_raw(data)
    except (Uf2Invalid, WrongChip) as error:
        return Result(name, path, Outcome.REFUSED, error.message, sha256=sha256)
    except NotStarted as error:
        return Result(name, path, Outcome.CRASHED, f"{error.message}; {error.advice}", sha256=sha256)
    except HarnessError as error:
        return Result(name, path, Outcome.NOT_RUN, f"{type(error).__name__}: {error}", sha256=sha256)
    begun = clock()
    listener = Listener(transport)
    try:
        log = ImageLog(shown, log_file)
        try:
            hearing = _Hearing(listener, log, judge, limits, clock, begun)
            verdict = hearing.hear()
        finally:
            log.close()
    finally:
        listener.close()
    return Result(name, path, verdict.outcome, verdict.detail, hearing.decided - begun, sha256, log.text())


class _Hearing:
    """Listens to one image until its verdict."""

    def __init__(
        self,
        listener: Listener,
        log: ImageLog,
        judge: Judge,
        limits: Limits,
        clock: Callable[[], float],
        begun: float,
    ) -> None:
        self._listener = listener
        self._log = log
        self._judge = judge
        self._limits = limits
        self._clock = clock
        self._begun = begun
        self._lines = LineCutter()
        self.decided = begun

    def hear(self) -> Verdict:
        """The verdict; the log has what was said by then."""
        verdict = self._verdict()
        self.decided = self._clock()
        if verdict.outcome is Outcome.FAILED or (verdict.outcome is Outcome.CRASHED and self._log.last):
            self._afterword()
        for line in self._lines.flush():
            self._log.add(self._clock() - self._begun, line)
        if verdict.outcome is Outcome.CRASHED and PANIC in verdict.detail and PANIC not in self._log.last:
            return Verdict(verdict.outcome, f"{verdict.detail}, then '{self._log.last[:_SHOWN_CHARS]}'")
        return verdict

    def _verdict(self) -> Verdict:
        deadline = Deadline(self._limits.seconds, clock=self._clock)
        quiet = Deadline(self._limits.silence, clock=self._clock)
        while True:
            data = self._listener.next(min(deadline.remaining(), quiet.remaining()))
            if data:
                quiet = Deadline(self._limits.silence, clock=self._clock)
                found = self._take(data)
                if found is not None:
                    return found
            elif data is not None:
                return Verdict(Outcome.CRASHED, f"its serial port vanished {self._after()}")
            # One that never falls silent must end too.
            if deadline.expired():
                return Verdict(Outcome.TIMEOUT, f"no verdict within {self._limits.seconds:g} s {self._after()}")
            if quiet.expired():
                return Verdict(Outcome.CRASHED, f"silent for {self._limits.silence:g} s {self._after()}")

    def _take(self, data: bytes) -> Verdict | None:
        now = self._clock() - self._begun
        for line in self._lines.feed(data):
            self._log.add(now, line)
        return self._judge.feed(data)

    def _afterword(self) -> None:
        deadline = Deadline(_AFTERWORD_SECONDS, clock=self._clock)
        while not deadline.expired():
            data = self._listener.next(min(_AFTERWORD_QUIET_SECONDS, deadline.remaining()))
            if not data:
                return
            # What it says again, it has said.
            if self._take(data) is not None:
                return

    def _after(self) -> str:
        last = self._log.last
        return (
            f"after '{last[:_SHOWN_CHARS]}'"
            if last
            else "without a word: does it log over USB, and not before it is heard?"
        )
