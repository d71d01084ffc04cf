"""Runs pytest on a board, and again for what failed: visibly, and within the time that the board has."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.deadline import Deadline
from harness.nightly.plan import Plan
from harness.nightly.programs import Ended, Programs
from harness.record.errors import RecordInvalid
from harness.record.model import Run
from harness.record.read import read_record

# More failures than this are no chance.
MAX_RETRIED = 20
# What a further attempt needs at least to be of use.
_LEAST_SECONDS = 5.0
_BAD = ("failed", "error")


@dataclass(frozen=True)
class Attempt:
    """One run of pytest.

    Attributes:
        folder: where its reports are, from the board's folder.
        ended: how pytest ended.
        run: what it recorded; None if it came to no record.
        problem: why there is no record.
    """

    folder: str
    ended: Ended
    run: Run | None
    problem: str = ""


@dataclass
class Attempts:
    """All runs of pytest on a board.

    Attributes:
        notes: what a person should hear of.
    """

    done: list[Attempt] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def last(self) -> Attempt:
        return self.done[-1]

    @property
    def records(self) -> list[tuple[str, Run]]:
        """What was recorded, with its folder."""
        return [(attempt.folder, attempt.run) for attempt in self.done if attempt.run is not None]


def test_board(
    plan: Plan, board: str, folder: Path, programs: Programs, deadline: Deadline, firmware: Path | None
) -> Attempts:
    """Runs all tests on the board, and those that failed again, as often as planned.

    Args:
        plan: of the night.
        board: the text for --board.
        folder: of the board's reports.
        programs: starts pytest.
        deadline: of the board.
        firmware: the image of the night.
    """
    attempts = Attempts()
    tests: Sequence[str] = plan.tests
    for number in range(1, plan.retries + 2):
        attempts.done.append(_attempt(plan, board, folder, number, tests, programs, deadline, firmware))
        if number > plan.retries:
            break
        wanted = _again(attempts, plan)
        if wanted is None or deadline.remaining() < _LEAST_SECONDS or programs.stopped:
            break
        tests = wanted
    return attempts


# Not a test.
test_board.__test__ = False  # type: ignore[attr-defined]


def lost_boards(run: Run) -> list[str]:
    """Why boards of a run were lost."""
    return [f"{board.name}: {board.lost.splitlines()[0]}" for board in run.boards if board.lost]


def _attempt(
    plan: Plan,
    board: str,
    folder: Path,
    number: int,
    tests: Sequence[str],
    programs: Programs,
    deadline: Deadline,
    firmware: Path | None,
) -> Attempt:
    name = f"attempt-{number}"
    report = folder / name
    report.mkdir()
    command = [sys.executable, "-m", "pytest", *tests, f"--board={board}", f"--report-dir={report}"]
    # No cache: several boards would write to it at the same time.
    command += [f"--junitxml={report / 'junit.xml'}", "-p", "no:cacheprovider", "--color=no"]
    if firmware is not None:
        command.append(f"--firmware={firmware}")
    if plan.inventory is not None:
        command.append(f"--inventory={plan.inventory}")
    command += plan.arguments
    ended = programs.run(command, seconds=deadline.remaining(), log=report / "pytest.log")
    try:
        return Attempt(name, ended, read_record(report))
    except RecordInvalid as error:
        return Attempt(name, ended, None, error.message)


def _again(attempts: Attempts, plan: Plan) -> Sequence[str] | None:
    """What to run again; None if nothing, or if that would be of no use."""
    run = attempts.last.run
    if attempts.last.ended.how != "ended" or run is None:
        return None
    if lost_boards(run):
        # The next run brings it back, if anything does.
        attempts.notes.append(f"the board was lost ({lost_boards(run)[0]}); all tests were run again")
        return plan.tests
    failed = [test.id for test in run.tests if test.outcome in _BAD]
    if len(failed) > MAX_RETRIED:
        attempts.notes.append(f"{len(failed)} tests failed: too many for chance, none was run again")
        return None
    return failed or None
