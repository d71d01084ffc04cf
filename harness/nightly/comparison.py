"""Holds a board's night against its baseline and the nights before, and keeps it for the nights to come."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness.cli.regress import EXIT_INCOMPLETE, EXIT_WORSE
from harness.nightly.own_command import own_command
from harness.nightly.plan import Plan
from harness.nightly.programs import Programs
from harness.record.text import line
from harness.regression.judge import Reason
from harness.regression.words import percent

_SECONDS = 180.0
_MAX_ANSWER = 64 * 1024 * 1024
_MOST = 20
# Reasons of `Finding` for which nothing else tells that a figure is not there.
_GONE: tuple[Reason, ...] = ("not measured", "no such test")
# What one asks for first when several figures of a model moved.
_FIRST = ("outputs.", "accuracy.", "arena.used", "arena.minimum", "latency.median", "arena.", "model.", "latency.")
# What the second and later sessions of a test with a model have behind their figures' names.
_SESSION = re.compile(r"\.[0-9]{1,6}$")


@dataclass(frozen=True)
class Comparison:
    """What became of a board's figures.

    Attributes:
        worse: a text for each model with figures that got worse.
        better: how many figures got better.
        not_compared: a text for each reason for which figures could not be compared.
        gone: how many figures are not there any more although their tests passed, or with their tests.
        problem: why nothing was compared.
    """

    worse: tuple[str, ...] = ()
    better: int = 0
    not_compared: tuple[str, ...] = ()
    gone: int = 0
    problem: str = ""


def compare(plan: Plan, folder: Path, history: Path, programs: Programs) -> Comparison:
    """Compares the record in the board's folder; writes `regression.txt`, `.xml` and `.json` beside it."""
    options = ["--nights", str(plan.compared_nights)]
    if plan.baselines is not None:
        options += ["--baseline", str(plan.baselines)]
    if plan.configuration:
        options += ["--configuration", plan.configuration]
    if history.exists():
        options += ["--history", str(history)]
    for condition in plan.accept:
        options += ["--accept", condition]
    table, told = folder / "regression.txt", folder / "regression.json"
    first = own_command("regress", str(folder), *options, "--xml", str(folder / "regression.xml"))
    # As wide as a screen, not as a pipe.
    programs.run(first, seconds=_SECONDS, log=table, environment={"COLUMNS": "160"})
    ended = programs.run(own_command("regress", str(folder), *options, "--json"), seconds=_SECONDS, log=told)
    if ended.how != "ended" or ended.code not in (0, EXIT_WORSE, EXIT_INCOMPLETE):
        how = f"exit code {ended.code}" if ended.how == "ended" else ended.how
        return Comparison(problem=f"the figures could not be compared ({how}), see {told.name}")
    findings = _findings(told)
    if findings is None:
        return Comparison(problem=f"the comparison of figures told nothing that can be read, see {told.name}")
    return comparison_of(findings)


def remember(plan: Plan, folder: Path, history: Path, programs: Programs) -> str:
    """Adds the board's night to its history; returns what went wrong, or ""."""
    command = ["history", "import", str(folder / "run.json"), "--db", str(history)]
    if plan.configuration:
        command += ["--configuration", plan.configuration]
    ended = programs.run(own_command(*command), seconds=_SECONDS, log=folder / "history.log")
    return "" if ended.good else "the night could not be added to the history, see history.log"


def comparison_of(findings: Sequence[Mapping[str, Any]]) -> Comparison:
    """From what `tflm-hil regress --json` tells of figures."""
    by_model: dict[str, list[Mapping[str, Any]]] = {}
    reasons: dict[str, int] = {}
    better = gone = 0
    for finding in findings:
        verdict = finding.get("verdict")
        if verdict == "worse":
            by_model.setdefault(str(finding.get("model")), []).append(finding)
        elif verdict == "improved":
            better += 1
        elif verdict == "not comparable":
            reason = line("; ".join(map(str, finding.get("notes", ()))), 120)
            reasons[reason] = reasons.get(reason, 0) + 1
        # Of a test that failed, was skipped or did not run, its outcome tells enough.
        elif verdict == "vanished" and finding.get("reason") in _GONE:
            gone += 1
    return Comparison(
        worse=tuple(_worse(model, moved) for model, moved in list(by_model.items())[:_MOST]),
        better=better,
        not_compared=tuple(f"{count} figures: {reason}" for reason, count in list(reasons.items())[:_MOST]),
        gone=gone,
    )


def _worse(model: str, moved: Sequence[Mapping[str, Any]]) -> str:
    names: dict[str, Mapping[str, Any]] = {}
    for finding in sorted(moved, key=lambda each: _rank(str(each.get("figure")))):
        # The same figure of several sessions or tests counts once.
        names.setdefault(_SESSION.sub("", str(finding.get("figure"))), finding)
    shown = [f"{name} {_step(finding)}" for name, finding in list(names.items())[:2]]
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return line(f"{model} {', '.join(shown)}{more}{_since(names.values())}", 200)


def _rank(name: str) -> int:
    return next((number for number, start in enumerate(_FIRST) if name.startswith(start)), len(_FIRST))


def _step(finding: Mapping[str, Any]) -> str:
    relative = finding.get("relative")
    if isinstance(relative, int | float):
        return percent(relative)
    return f"{finding.get('before')} -> {finding.get('now')}"


def _since(findings: Iterable[Mapping[str, Any]]) -> str:
    for finding in findings:
        since = finding.get("since")
        if isinstance(since, dict):
            try:
                return f" since {datetime.fromisoformat(str(since.get('when'))):%a %Y-%m-%d}"
            except ValueError:
                continue
    return ""


def _findings(file: Path) -> list[Mapping[str, Any]] | None:
    with file.open("rb") as opened:
        said = opened.read(_MAX_ANSWER)
    for text in said.splitlines():
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict) and isinstance(told.get("findings"), list):
            return [each for each in told["findings"] if isinstance(each, dict)]
    return None
