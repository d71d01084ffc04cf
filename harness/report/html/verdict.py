"""The verdict on a run: what a reader must know if they read nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.record.model import Run, Test
from harness.report.html.background import Background

Status = Literal["failed", "incomplete", "regressed", "passed", "empty"]

BAD = ("failed", "error")
GOOD = ("passed", "xpassed")
# In the order in which they matter, with the words for one and for several.
OUTCOMES = {
    "failed": ("failed", "failed"),
    "error": ("error", "errors"),
    "not run": ("not run", "not run"),
    "xpassed": ("passed unexpectedly", "passed unexpectedly"),
    "passed": ("passed", "passed"),
    "skipped": ("skipped", "skipped"),
    "xfailed": ("failed as expected", "failed as expected"),
}
_WORDS = {
    "failed": "Failed",
    "incomplete": "Incomplete",
    "regressed": "Regressed",
    "passed": "Passed",
    "empty": "Nothing ran",
}


@dataclass(frozen=True)
class Verdict:
    """What became of a run.

    Attributes:
        status: the worst that is true.
        word: it, for people.
        line: the numbers in one line.
        counts: tests by outcome, in the order in which outcomes matter, as words.
        warnings: what a green run must not hide: boards lost, tests that passed only when they ran again.
    """

    status: Status
    word: str
    line: str
    counts: Sequence[tuple[str, int, str]]
    warnings: Sequence[str]


def verdict_on(run: Run, background: Background) -> Verdict:
    """The verdict."""
    counts = Counter[str](test.outcome for test in run.tests)
    bad = sum(counts[outcome] for outcome in BAD)
    worse = sum(finding.count for finding in background.findings if finding.change == "worse")
    ran = len(run.tests) - counts["not run"]
    status: Status
    if bad:
        status = "failed"
    elif run.ended != "complete" or counts["not run"]:
        status = "incomplete"
    elif worse:
        status = "regressed"
    else:
        status = "passed" if ran else "empty"
    good = sum(counts[outcome] for outcome in GOOD)
    parts = [f"{bad:,} of {_count(ran, 'test')} failed" if bad else f"{_count(good, 'test')} passed"]
    if counts["not run"]:
        parts.append(f"{counts['not run']:,} not run")
    if background.against:
        parts.append(f"{_count(worse, 'figure')} worse" if worse else "no figure worse")
    told = [(name, counts[name], words[counts[name] != 1]) for name, words in OUTCOMES.items() if counts[name]]
    return Verdict(status, _WORDS[status], ", ".join(parts), told, _warnings(run))


def _warnings(run: Run) -> list[str]:
    told = [] if run.ended == "complete" else [f"The run did not end by itself: {run.ended}"]
    told += [f"Board {board.name} was lost: {board.lost}" for board in run.boards if board.lost]
    again = [test for test in run.tests if _only_again(test)]
    if again:
        names = ", ".join(test.id for test in again[:5])
        told.append(f"{_count(len(again), 'test')} passed only when run again: {names}")
    return told


def _only_again(test: Test) -> bool:
    return test.outcome in GOOD and any(attempt.outcome in BAD for attempt in test.attempts)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
