"""`tflm-hil history`: what figures were night by night, and since when they are what they are."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from harness.cli.arguments import Commands, add_json
from harness.cli.runs import HISTORY, add_configuration, load_run, nights
from harness.errors import HarnessError, Misuse
from harness.history.changes import Change, Trend, trend_of
from harness.history.database import History
from harness.regression.baseline import check_configuration
from harness.regression.trend_table import trend_table
from harness.regression.words import since_in_words

_NIGHTS = 30
_FIGURES = ("arena.used*", "arena.minimum*", "latency.median*", "accuracy.*", "model.bytes")


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "history",
        help="what a model's figures were night by night; `history import FILE...` adds runs",
        description="Shows a model's figures over past runs, with the days on which they changed; or, with `import`, "
        "adds runs to the database. A run that is there already is not added again.",
        epilog="Exit codes: 0 done, 1 a file or the database cannot be read, 2 wrong arguments.",
    )
    command.add_argument("model", metavar="MODEL", help="a model's name, or the word import")
    command.add_argument(
        "files", type=Path, nargs="*", metavar="FILE", help="of import: run.json, folders that hold one, JUnit files"
    )
    command.add_argument(
        "--figure",
        action="append",
        metavar="PATTERN",
        help=f"figures to show, such as 'latency.*' (default: {', '.join(_FIGURES)})",
    )
    command.add_argument(
        "--nights", type=nights, default=_NIGHTS, metavar="N", help=f"how many runs (default: {_NIGHTS})"
    )
    command.add_argument("--db", type=Path, default=HISTORY, metavar="FILE", help=f"the database (default: {HISTORY})")
    add_configuration(command)
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> int | None:
    """Imports or shows."""
    configuration = check_configuration(given.configuration)
    if given.model == "import":
        return _import(given, console, configuration)
    if given.files:
        raise Misuse(f"one model expected, {given.files[0]} came too", advice="to add runs: `tflm-hil history import`")
    with History(given.db) as history:
        found = history.series(nights=given.nights, model=given.model, configuration=configuration)
        known = history.models()
    patterns: Sequence[str] = given.figure or _FIGURES
    trends = [trend_of(each) for each in found if any(fnmatchcase(each.key.name, pattern) for pattern in patterns)]
    if not trends:
        raise Misuse(
            f"figures {', '.join(patterns)} of model {given.model!r} expected, there are none",
            advice=f"there are models {', '.join(known[:20]) or '(none)'}; with --figure '*' all figures are shown",
        )
    if given.json:
        print(json.dumps({"model": given.model, "series": [_told(trend) for trend in trends]}))
    else:
        console.print(trend_table(trends))
    return None


def _import(given: argparse.Namespace, console: Console, configuration: str) -> int:
    """Adds each file; one that cannot be read does not keep the others out."""
    if not given.files:
        raise Misuse("files to import expected, none came", advice="name run.json files or JUnit files")
    told: list[dict[str, Any]] = []
    with History(given.db, create=True) as history:
        for file in given.files:
            try:
                added = history.add(load_run(file), configuration=configuration, source=file.name)
                told.append(
                    {"file": str(file), "figures": added.figures, "known": added.known, "removed": added.removed}
                )
            except HarnessError as error:
                told.append({"file": str(file), "error": type(error).__name__, "message": str(error)})
        runs = history.runs()
    failed = [each for each in told if "error" in each]
    if given.json:
        print(json.dumps({"files": told, "runs": runs}))
        return int(bool(failed))
    for each in told:
        if "error" in each:
            text = f"[bold red]{each['error']}[/]: {escape(each['message'])}"
        elif each["known"] and not each["figures"]:
            text = f"{escape(each['file'])}: is there already"
        elif each["known"]:
            text = f"{escape(each['file'])}: {each['figures']:,} figures, in place of fewer of the same run"
        else:
            text = f"{escape(each['file'])}: {each['figures']:,} figures"
        console.print(text, soft_wrap=True)
    removed = sum(each.get("removed", 0) for each in told)
    gone = f"; the oldest {removed:,} had to go" if removed else ""
    console.print(f"{escape(str(given.db))}: {runs:,} run{'' if runs == 1 else 's'}{gone}", soft_wrap=True)
    return int(bool(failed))


def _told(trend: Trend) -> dict[str, Any]:
    series = trend.series
    return {
        "test": series.key.test,
        "figure": series.key.name,
        "unit": series.unit,
        "board": {name: series.conditions.get(name, "") for name in ("kind", "chip", "clock_hz")},
        "points": [
            {"when": point.when.isoformat(), "value": point.value, "build": point.conditions.get("build", "")}
            for point in series.points
        ],
        "changes": [_change(change) for change in trend.changes],
        "spikes": [
            {"when": spike.point.when.isoformat(), "value": spike.point.value, "level": spike.level}
            for spike in trend.spikes
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "when": change.first.when.isoformat(),
        "before": change.before,
        "after": change.after,
        "probability": change.probability,
        "conditions": {name: [old, new] for name, old, new in change.differing},
        "text": since_in_words(change),
    }
