"""One night: clean up, bring the firmware, test each board, compare, tell."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from time import monotonic

from msgspec.structs import replace

from harness.deadline import Deadline
from harness.errors import HarnessError
from harness.nightly import webhook
from harness.nightly.attempts import test_board
from harness.nightly.cleanup import clean_up
from harness.nightly.comparison import Comparison, compare, remember
from harness.nightly.environment import describe
from harness.nightly.errors import NightUnusable
from harness.nightly.folders import HISTORY, locked, make_night, point_to
from harness.nightly.image import bring_image
from harness.nightly.merge import merge_attempts
from harness.nightly.page import make_page
from harness.nightly.plan import Plan
from harness.nightly.programs import Programs
from harness.nightly.recovery import bring_back
from harness.nightly.status import BoardNight, Image, Night, status_line, worst, write_night
from harness.nightly.verdict import judge_board
from harness.record.model import Run
from harness.record.text import line
from harness.record.write import write_record

# For a board that hangs when its time is up.
_AFTER_SECONDS = 300.0


def run_night(
    plan: Plan,
    *,
    now: datetime,
    programs: Programs | None = None,
    environment: Mapping[str, str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Night:
    """Runs a night to its end, whatever boards and tests do.

    Args:
        plan: what to do.
        now: when it begins, with a time zone.
        programs: starts other programs.
        environment: where the webhook's address stands.
        progress: told what begins, a line each.

    Raises:
        NightBusy: another one is under way.
        NightUnusable: its folder cannot be used.
    """
    programs = programs or Programs()
    begin = monotonic()
    # pytest's folder is another one than ours may be.
    nights = plan.nights.absolute()
    with locked(nights, now):
        cleaned = clean_up(nights, plan.keep, now)
        folder = make_night(nights, now)
        night = Night(
            version=1,
            started=now.isoformat(timespec="seconds"),
            seconds=0.0,
            verdict="unfinished",
            line="",
            folder=folder.name,
            notes=list(cleaned.notes),
        )
        _write(folder, night)
        night = replace(night, environment=describe(programs, folder / "git.log"))
        night = _tested(plan, folder, now, night, programs, progress)
        night = _with_line(night, monotonic() - begin)
        _write(folder, night)
        point_to(folder)
        return _told(folder, night, environment or os.environ)


def _tested(
    plan: Plan, folder: Path, now: datetime, night: Night, programs: Programs, progress: Callable[[str], None]
) -> Night:
    try:
        progress("firmware")
        image = bring_image(plan, folder, programs)
    except KeyboardInterrupt:
        programs.stop()
        return replace(night, verdict="interrupted", why="the night was stopped")
    except HarnessError as error:
        return replace(night, verdict="broken", why=line(error.message.splitlines()[0], 200))
    except OSError as error:
        return replace(night, verdict="broken", why=f"the firmware could not be copied: {error.strerror}")
    boards = _all_boards(plan, folder, now, image, programs, progress)
    return replace(night, image=image, boards=boards, verdict=worst([board.verdict for board in boards]))


def _all_boards(
    plan: Plan, folder: Path, now: datetime, image: Image | None, programs: Programs, progress: Callable[[str], None]
) -> list[BoardNight]:
    """Each board in a thread of its own: one that hangs keeps no other one waiting."""
    firmware = None if image is None else folder / image.file
    with ThreadPoolExecutor(max_workers=len(plan.boards)) as pool:
        jobs: list[tuple[str, Future[BoardNight]]] = [
            (board, pool.submit(_one_board, plan, board, folder, now, firmware, programs, progress))
            for board in plan.boards
        ]
        try:
            return [job.result() for _, job in jobs]
        except KeyboardInterrupt:
            programs.stop()
            return [job.result() for _, job in jobs]


def _one_board(
    plan: Plan,
    board: str,
    night: Path,
    now: datetime,
    firmware: Path | None,
    programs: Programs,
    progress: Callable[[str], None],
) -> BoardNight:
    begin = monotonic()
    deadline = Deadline(plan.board_seconds)
    folder = night / "boards" / folder_name(board)
    short = str(folder.relative_to(night))
    try:
        folder.mkdir(parents=True)
        progress(f"{board}: tests")
        notes = bring_back(plan, board, folder, programs, deadline, "before")
        attempts = test_board(plan, board, folder, programs, deadline, firmware if board != "host" else None)
        notes += attempts.notes
        if not programs.stopped:
            notes += bring_back(plan, board, folder, programs, Deadline(_AFTER_SECONDS), "after")
        merged = merge_attempts(attempts.records, now) if attempts.records else None
        progress(f"{board}: figures")
        comparison = Comparison()
        if merged is not None and not programs.stopped:
            comparison = _compared(plan, board, night, folder, merged, programs, notes)
        judged = judge_board(folder, attempts, merged, comparison, stopped=programs.stopped)
    except HarnessError as error:
        return _broken(board, short, error.message, monotonic() - begin)
    except OSError as error:
        return _broken(board, short, f"{error.filename or folder}: {error.strerror}", monotonic() - begin)
    if comparison.gone:
        notes.append(f"{comparison.gone} figures are gone" if comparison.gone > 1 else "1 figure is gone")
    if comparison.problem and judged.why != comparison.problem:
        notes.append(comparison.problem)
    return BoardNight(
        board=board,
        verdict=judged.verdict,
        why=judged.why,
        seconds=round(monotonic() - begin, 1),
        attempts=len(attempts.done),
        folder=short,
        build=_build_of(merged),
        tests=judged.count,
        failed=judged.failed,
        flaky=judged.flaky,
        worse=list(comparison.worse),
        better=comparison.better,
        not_compared=list(comparison.not_compared),
        notes=notes,
    )


def _compared(
    plan: Plan, board: str, night: Path, folder: Path, merged: Run, programs: Programs, notes: list[str]
) -> Comparison:
    write_record(folder, merged)
    # One for each board: two of a kind differ, and neither's change is the other's.
    history = night.parent / HISTORY / f"{folder_name(board)}.db"
    comparison = compare(plan, folder, history, programs)
    notes += filter(None, [remember(plan, folder, history, programs), make_page(plan, folder, history, programs)])
    return comparison


def folder_name(board: str) -> str:
    """A board's name as a folder's: without what leads elsewhere."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", board).strip(".") or "_"


def _broken(board: str, folder: str, why: str, seconds: float) -> BoardNight:
    text = line(why.splitlines()[0] if why else "", 200)
    return BoardNight(board=board, verdict="broken", why=text, seconds=round(seconds, 1), attempts=0, folder=folder)


def _build_of(run: Run | None) -> str:
    return next((board.build for board in run.boards if board.build), "") if run is not None else ""


def _with_line(night: Night, seconds: float) -> Night:
    night = replace(night, seconds=round(seconds, 1))
    return replace(night, line=status_line(night))


def _told(folder: Path, night: Night, environment: Mapping[str, str]) -> Night:
    """Posts the line, if somebody wants it posted."""
    url = environment.get(webhook.URL_VARIABLE, "")
    if not url:
        return night
    field = environment.get(webhook.FIELD_VARIABLE, "") or webhook.DEFAULT_FIELD
    problem = webhook.post_line(url, night.line, field=field)
    if problem is None:
        return night
    night = replace(night, notes=[*night.notes, problem])
    _write(folder, night)
    return night


def _write(folder: Path, night: Night) -> None:
    try:
        write_night(folder, night)
    except OSError as error:
        # What was found out is not lost with the disk.
        raise NightUnusable(
            f"{folder}: the night's result cannot be written: {error.strerror}; it is: {night.line or night.verdict}"
        ) from None
