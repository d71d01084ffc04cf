"""What a night has found out: `night.json` for programs, and one line for people."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from harness.record.text import line

FILE_NAME = "night.json"
LINE_NAME = "status.txt"
VERSION = 1
_MAX_BYTES = 16 * 1024 * 1024
_MAX_STATUS = 600
_MAX_NOTE = 140
_SHOWN_TESTS = 2

# The worst first; of a night and of a board.
Verdict = Literal["unfinished", "interrupted", "broken", "hung", "lost", "failed", "regression", "flaky", "passed"]
VERDICTS: tuple[Verdict, ...] = (
    "unfinished",
    "interrupted",
    "broken",
    "hung",
    "lost",
    "failed",
    "regression",
    "flaky",
    "passed",
)
GOOD: tuple[Verdict, ...] = ("passed", "flaky")


class Count(Struct, kw_only=True, frozen=True):
    """How many tests of a board ended how; a flaky one is not among those that passed."""

    passed: int = 0
    flaky: int = 0
    failed: int = 0
    skipped: int = 0
    not_run: int = 0

    @property
    def total(self) -> int:
        return self.passed + self.flaky + self.failed + self.skipped + self.not_run


class TestNote(Struct, kw_only=True, frozen=True):
    """A test that a person should hear of, and why: one line."""

    # Not one of pytest's.
    __test__ = False

    id: str
    why: str


class BoardNight(Struct, kw_only=True, frozen=True):
    """What a night found out about a board.

    Attributes:
        board: the text after --board.
        verdict: the worst of what follows.
        seconds: how long all of it took.
        attempts: how often pytest ran.
        build: the firmware that the board reported.
        tests: of all attempts together.
        failed: tests that failed in each attempt that they were in.
        flaky: tests that passed only when they ran again, and why they failed before.
        worse: figures that got worse, in words.
        better: how many got better.
        not_compared: how many could not be compared, and why.
        notes: what else a person should hear of, such as a board that had to be brought back.
        why: of "broken", "hung", "lost" and "interrupted": what happened.
        folder: where its reports are, from the night's folder.
    """

    board: str
    verdict: Verdict
    seconds: float
    attempts: int
    folder: str
    build: str = ""
    tests: Count = Count()
    failed: list[TestNote] = []
    flaky: list[TestNote] = []
    worse: list[str] = []
    better: int = 0
    not_compared: list[str] = []
    notes: list[str] = []
    why: str = ""


class Image(Struct, kw_only=True, frozen=True):
    """The firmware that the night ran.

    Attributes:
        file: the copy of it, from the night's folder.
        build: its build id.
        source: where it was taken from.
    """

    file: str
    build: str
    sha256: str
    source: str


class Night(Struct, kw_only=True, frozen=True):
    """A whole night.

    Attributes:
        version: of this format.
        started: ISO 8601, with the offset from UTC.
        verdict: the worst of its boards'.
        line: what `status.txt` says.
        why: of a night that could not test anything: what happened.
        environment: versions of what took part.
        notes: of the night as a whole, such as a disk that gets full.
    """

    version: Literal[1] = msgspec.field(name="tflm-hil-night")
    started: str
    seconds: float
    verdict: Verdict
    line: str
    folder: str
    why: str = ""
    image: Image | None = None
    boards: list[BoardNight] = []
    environment: dict[str, str] = {}
    notes: list[str] = []


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst of them; "passed" of none."""
    return min(verdicts, key=VERDICTS.index, default="passed")


def status_line(night: Night) -> str:
    """The night in one line for a chat: verdict first, then each board.

    Names of tests and models come from files: they are shortened, and cannot call anybody or be a link.
    """
    day = night.started[:10]
    parts = [f"nightly {day}: {night.verdict.upper()}"]
    if night.why:
        parts.append(night.why)
    # What several boards say alike is said once: a regression is mostly the model's, not the board's.
    alike: dict[str, list[str]] = {}
    for board in night.boards:
        alike.setdefault(_board_words(board), []).append(board.board)
    parts += [f"{', '.join(names)} {words}" for words, names in alike.items()]
    parts += night.notes
    if night.image is not None:
        parts.append(f"firmware {night.image.build}")
    return _harmless(" | ".join(parts))


def _board_words(board: BoardNight) -> str:
    words: list[str] = [board.verdict]
    tests = board.tests
    if tests.total:
        words.append(f"{tests.passed + tests.flaky}/{tests.total - tests.skipped} tests")
    if board.why:
        # The one cause, of which failed tests are the consequence.
        words.append(board.why)
    else:
        words += _some([f"{note.id}: {note.why}" for note in board.failed], "failed")
    words += _some([f"{note.id} passed only when run again" for note in board.flaky], "flaky")
    words += _some(board.worse, "worse")
    if board.better:
        words.append(f"{board.better} better")
    if board.not_compared:
        words.append(f"{len(board.not_compared)} not compared")
    words += board.notes
    return ", ".join(words)


def _some(texts: Sequence[str], what: str) -> list[str]:
    more = len(texts) - _SHOWN_TESTS
    return [*(_cut(text, _MAX_NOTE) for text in texts[:_SHOWN_TESTS]), *([f"{more} more {what}"] if more > 0 else [])]


def _harmless(text: str) -> str:
    """Without what chats take for links, markup or the call of somebody."""
    plain = line(" ".join(text.split()), _MAX_STATUS * 4).translate(str.maketrans("<>@`*", "()  '"))
    return _cut(plain, _MAX_STATUS)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 4]} ..."


def write_night(folder: Path, night: Night) -> None:
    """Writes `night.json` and `status.txt`, each whole or not at all.

    Raises:
        OSError: they cannot be written.
    """
    encoded = msgspec.json.format(msgspec.json.encode(night), indent=1)
    _replace(folder / FILE_NAME, encoded + b"\n")
    _replace(folder / LINE_NAME, f"{night.line}\n".encode())


def read_night(folder: Path) -> Night | None:
    """What stands in a night's folder; None if that is not the result of a night."""
    try:
        with (folder / FILE_NAME).open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        return msgspec.json.decode(data, type=Night) if len(data) <= _MAX_BYTES else None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _replace(target: Path, content: bytes) -> None:
    descriptor, fresh = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(fresh).chmod(0o644)
        Path(fresh).replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            Path(fresh).unlink()
        raise
