"""Runs pytest on a board, and again for what failed: visibly, and within the time that the board has."""

from __future__ import annotations

import os
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
# All tests passed, some failed, some could not be collected or were interrupted: pytest has run tests.
_RAN = (0, 1, 2)
# pytest's exit codes that are told besides the verdict.
_ERRORS = {3: "an internal error", 4: "a usage error"}


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

    @property
    def ran(self) -> bool:
        """Whether it came to running tests, whatever became of them; True as well if it was ended or never started."""
        return self.ended.how != "ended" or self.ended.code in _RAN


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
        error = _ERRORS.get(attempts.last.ended.code or 0)
        if error is not None:
            attempts.notes.append(f"pytest ended with {error}, see {attempts.last.folder}/pytest.log")
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
    # The record comes from a file: a NUL or half a character is no argument of any program.
    named = [name for name in failed if name.isprintable()]
    if len(named) < len(failed):
        attempts.notes.append(f"{len(failed) - len(named)} tests whose names cannot be told to pytest not run again")
    return _arguments(run, named) if named else None


def _arguments(run: Run, ids: Sequence[str]) -> list[str]:
    """For pytest, from the current folder: to run these tests with the configuration that the run had."""
    options: list[str] = []
    root = os.curdir
    if run.rootdir and _is_there(run.rootdir):
        root = os.path.relpath(run.rootdir)
        # Fewer tests than before have a nearer common folder, which may have a pytest.ini of its own.
        if run.inifile and _is_there(run.inifile):
            options.append(f"--config-file={run.inifile}")
        # pytest takes $NAME there for a variable, and a folder may be called like that.
        if os.path.expandvars(run.rootdir) == run.rootdir:
            options.append(f"--rootdir={run.rootdir}")
    # "./" before what else could be an option or, as @NAME, a file of options. Not absolute: pytest takes no "[" before
    # the name of a test, and the folder that it runs in may have one.
    return [*options, *(name if name.startswith("/") else f"./{root}/{name}" for name in ids)]


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        # Too long, or with a NUL: no path at all.
        return False
