"""Several attempts of a board made one record: each test as it ended, with what came before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from msgspec.structs import replace

from harness.record.model import MAX_ATTEMPTS, Attempt, Board, Run, Test

# What tells of a test no more than was known before.
_NOTHING = ("not run",)


def merge_attempts(attempts: Sequence[tuple[str, Run]], started: datetime) -> Run:
    """One record of all attempts.

    A test that ran again has the outcome of the last time, and every time before in its `attempts`: a failure is not
    lost by passing later.

    Args:
        attempts: folder, from where the merged record will be, and record of each attempt in order; at least one.
        started: when the night began, which is what its figures are dated.
    """
    first = attempts[0][1]
    tests: dict[str, Test] = {}
    boards: dict[str, Board] = {}
    for folder, run in attempts:
        for test in run.tests:
            tests[test.id] = _joined(tests.get(test.id), _moved(test, folder))
        for board in run.boards:
            boards[board.name] = board if board.kind or board.name not in boards else boards[board.name]
    # A later attempt of everything makes up for a first one that was cut short.
    complete = next((run for _, run in attempts if run.ended == "complete" and len(run.tests) >= len(tests)), first)
    return replace(
        first,
        started=started.astimezone(timezone.utc).isoformat(timespec="milliseconds"),
        seconds=sum(run.seconds for _, run in attempts),
        ended=complete.ended,
        boards=list(boards.values()),
        tests=list(tests.values()),
    )


def _joined(before: Test | None, now: Test) -> Test:
    if before is None or before.outcome in _NOTHING:
        return now
    if now.outcome in _NOTHING:
        return before
    earlier = Attempt(outcome=before.outcome, board=before.board, message=before.message, seconds=before.seconds)
    return replace(
        now,
        reruns=before.reruns + 1 + now.reruns,
        attempts=[*before.attempts, earlier, *now.attempts][-MAX_ATTEMPTS:],
    )


def _moved(test: Test, folder: str) -> Test:
    return test if test.log is None else replace(test, log=f"{folder}/{test.log}")
