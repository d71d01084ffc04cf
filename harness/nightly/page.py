"""The report that a person opens: `report.html` of a board's night."""

from __future__ import annotations

from pathlib import Path

from harness.nightly.own_command import own_command
from harness.nightly.plan import Plan
from harness.nightly.programs import Programs
from harness.regression.judge import NIGHTS

FILE_NAME = "report.html"
_SECONDS = 300.0


def make_page(plan: Plan, folder: Path, history: Path, programs: Programs) -> str:
    """Makes the page of the record in the board's folder; returns what went wrong, or ""."""
    command = ["report", str(folder / "run.json"), "--out", str(folder / FILE_NAME)]
    if history.exists():
        command += ["--history", str(history)]
    if plan.baselines is not None:
        command += ["--baseline", str(plan.baselines)]
    if plan.configuration:
        command += ["--configuration", plan.configuration]
    # Judged as the comparison was, or page and verdict would tell two stories.
    if plan.compared_nights != NIGHTS:
        command += ["--nights", str(plan.compared_nights)]
    for condition in plan.accept:
        command += ["--accept", condition]
    ended = programs.run(own_command(*command), seconds=_SECONDS, log=folder / "report.log")
    return "" if ended.good else f"no {FILE_NAME}, see report.log"
