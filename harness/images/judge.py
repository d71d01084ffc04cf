"""Judges an image by its log. Pure: bytes go in, a verdict comes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

# What TFLM's tests say at their end (micro_test.h and micro_test_v2.h in tensorflow/lite/micro/testing).
TFLM_PASSED = "~~~ALL TESTS PASSED~~~"
TFLM_FAILED = ("~~~SOME TESTS FAILED~~~", " tests, listed below:")
# How pico-sdk's panic() begins, which its hard_assert and malloc use too.
PANIC = "*** PANIC ***"


class Outcome(Enum):
    """What became of an image; the value is what a person is shown."""

    PASSED = "passed"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Verdict:
    """An outcome, and in words why."""

    outcome: Outcome
    detail: str


class Judge:
    """Reads a log as it comes, in pieces of any size, until something in it decides.

    What comes first decides. Of two that begin at the same place, bad news does.

    Args:
        expect: the text that means success.
        fail_on: texts that mean failure.

    Raises:
        ValueError: a text is empty, or has more than one line.
    """

    def __init__(self, expect: str, fail_on: Iterable[str] = TFLM_FAILED) -> None:
        texts = [(PANIC, Outcome.CRASHED), *((text, Outcome.FAILED) for text in fail_on), (expect, Outcome.PASSED)]
        for text, _ in texts:
            if not text or "\n" in text or "\r" in text:
                raise ValueError(f"a text of one line expected, {text!r} came")
        self._patterns = [(text.encode(), outcome) for text, outcome in texts]
        self._keep = max(len(pattern) for pattern, _ in self._patterns) - 1
        self._tail = b""

    def feed(self, data: bytes) -> Verdict | None:
        """Takes what came next; gives the verdict, if this decides."""
        seen = self._tail + data
        found = [
            (place, order) for order, (pattern, _) in enumerate(self._patterns) if (place := seen.find(pattern)) >= 0
        ]
        if found:
            pattern, outcome = self._patterns[min(found)[1]]
            self._tail = b""
            return Verdict(outcome, f"it said '{pattern.decode()}'")
        # A text may have come in part. Longer than the longest but one byte, it would have been found.
        self._tail = seen[-self._keep :] if self._keep else b""
        return None


class LineCutter:
    """Cuts a log into lines. A line longer than `most` bytes becomes several."""

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, without their ends; empty ones are left out."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        while len(self._rest) >= self._most:
            lines.append(self._rest[: self._most])
            self._rest = self._rest[self._most :]
        return [piece for line in lines for piece in self._cut(line)]

    def flush(self) -> list[bytes]:
        """The last line, which nothing ends."""
        rest, self._rest = self._rest, b""
        return self._cut(rest)

    def _cut(self, line: bytes) -> list[bytes]:
        line = line.rstrip(b"\r")
        return [line[start : start + self._most] for start in range(0, len(line), self._most)]
