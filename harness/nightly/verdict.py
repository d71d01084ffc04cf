"""What the attempts on a board and the comparison of its figures come to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.nightly.attempts import Attempt, Attempts, lost_boards
from harness.nightly.comparison import Comparison
from harness.nightly.status import Count, TestNote, Verdict
from harness.record.model import Run, Test
from harness.record.text import line

_BAD = ("failed", "error")
_SKIPPED = ("skipped", "xfailed")
_MOST_NOTES = 50
_MAX_WHY = 160
_TAIL_BYTES = 4096
# "harness.errors.models." of "harness.errors.models.ModelRejected: ...".
_MODULES = re.compile(r"^(?:[a-z_][a-z0-9_]*\.){1,8}(?=[A-Z])")


@dataclass(frozen=True)
class Judged:
    """What a board's night comes to; the fields are those of `BoardNight`."""

    verdict: Verdict
    why: str
    count: Count
    failed: list[TestNote]
    flaky: list[TestNote]


def judge_board(
    folder: Path, attempts: Attempts, merged: Run | None, comparison: Comparison, *, stopped: bool
) -> Judged:
    """The verdict.

    Args:
        folder: of the board's reports.
        attempts: all runs of pytest.
        merged: the record of all of them, if there is any.
        comparison: with baseline and nights before.
        stopped: whether the night was stopped.
    """
    tests = [] if merged is None else merged.tests
    failed = [test for test in tests if test.outcome in _BAD]
    flaky = [test for test in tests if _is_flaky(test)]
    count = Count(
        passed=sum(test.outcome in ("passed", "xpassed") for test in tests) - len(flaky),
        flaky=len(flaky),
        failed=len(failed),
        skipped=sum(test.outcome in _SKIPPED for test in tests),
        not_run=sum(test.outcome == "not run" for test in tests),
    )
    verdict, why = _verdict(folder, attempts, merged, count, comparison, stopped)
    return Judged(
        verdict,
        line(why, _MAX_WHY),
        count,
        [TestNote(id=line(test.id), why=_first_line(test.message)) for test in failed[:_MOST_NOTES]],
        [TestNote(id=line(test.id), why=_why_flaky(test)) for test in flaky[:_MOST_NOTES]],
    )


def _verdict(
    folder: Path, attempts: Attempts, merged: Run | None, count: Count, comparison: Comparison, stopped: bool
) -> tuple[Verdict, str]:
    if stopped:
        return "interrupted", "the night was stopped"
    hung = next((attempt for attempt in attempts.done if attempt.ended.how == "deadline"), None)
    if hung is not None:
        return "hung", _where_it_hung(hung)
    last = attempts.last
    if last.run is not None and lost_boards(last.run):
        return "lost", lost_boards(last.run)[0]
    if merged is None or last.run is None:
        return "broken", f"{_how(last)}: {_last_line(folder / last.folder / 'pytest.log') or last.problem}"
    # Before failures: where a test was to run again and could not, that it failed is not all there is to know. What a
    # lost board brought about was made up for.
    unusable = next((each for each in attempts.done if not each.ran and not (each.run and lost_boards(each.run))), None)
    if unusable is not None:
        said = _last_line(folder / unusable.folder / "pytest.log")
        return "broken", f"{_how(unusable)}: {said or merged.ended}"
    if count.failed:
        return "failed", ""
    if last.ended.code != 0 or merged.ended != "complete" or count.not_run:
        return "broken", f"{_how(last)}: {_last_line(folder / last.folder / 'pytest.log') or merged.ended}"
    if not count.passed + count.flaky:
        return "broken", f"no test ran, {count.skipped} were skipped"
    if comparison.problem:
        return "broken", comparison.problem
    if comparison.worse:
        return "regression", ""
    return ("flaky", "") if count.flaky or len(attempts.done) > 1 else ("passed", "")


def _is_flaky(test: Test) -> bool:
    return test.outcome in ("passed", "xpassed") and any(attempt.outcome in _BAD for attempt in test.attempts)


def _why_flaky(test: Test) -> str:
    first = next(attempt for attempt in test.attempts if attempt.outcome in _BAD)
    return _first_line(first.message)


def _where_it_hung(attempt: Attempt) -> str:
    # To the second: the deadline is what was left of the board's time.
    text = f"ended at its deadline after {attempt.ended.seconds:.0f} s"
    if attempt.run is None:
        return f"{text}, without a record"
    begun = [test for test in attempt.run.tests if test.outcome != "not run"]
    # Tests begin in the order of the record: the last one is what the end came in.
    where = f", in {begun[-1].id}" if begun and begun[-1].outcome in _BAD else ""
    return f"{text}, {len(begun)} of {len(attempt.run.tests)} tests begun{where}"


def _how(attempt: Attempt) -> str:
    if attempt.ended.how == "not started":
        return f"pytest was not started, {attempt.ended.reason}"
    return f"pytest ended with exit code {attempt.ended.code}"


def _first_line(message: str | None) -> str:
    """Why a test failed, in one line: the error's own name, and paths from where the night runs."""
    first = next((part for part in (message or "").splitlines() if part.strip()), "no message")
    return line(_MODULES.sub("", _from_here(first)), _MAX_WHY)


def _from_here(text: str) -> str:
    return text.replace(f"{Path.cwd()}/", "")


def _last_line(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            said = file.read().decode(errors="replace")
    except OSError:
        return ""
    lines = [part.strip(" =!") for part in said.splitlines()]
    # Where the page is, is no reason.
    told = next((part for part in reversed(lines) if part and not part.startswith("report: ")), "")
    return line(_from_here(told), _MAX_WHY)
