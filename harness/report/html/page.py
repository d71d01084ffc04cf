"""The page: what of a run stands on it, and what was left out so that it stays quick to open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.record.model import Run, Test
from harness.report.html.background import Background
from harness.report.html.charts.arena import arena_chart
from harness.report.html.charts.chart import Chart
from harness.report.html.charts.latency import latency_chart
from harness.report.html.charts.outputs import outputs_chart
from harness.report.html.charts.profile import profile_chart
from harness.report.html.charts.sheet import settings
from harness.report.html.charts.trend import trend_chart
from harness.report.html.models import ModelView, models_of
from harness.report.html.template import render
from harness.report.html.verdict import BAD, OUTCOMES, verdict_on

MAX_BYTES = 3_000_000
# With fewer models than this all of them are unfolded.
_FEW = 3
_LOG = re.compile(r"logs/[A-Za-z0-9][A-Za-z0-9_.-]{0,150}\.log")


@dataclass(frozen=True)
class Limits:
    """How much of what there is stands on the page.

    Attributes:
        charts: models that have charts.
        failures: tests whose message and log are shown.
        rows: of each table.
        text: characters of a message, and of a log.
    """

    charts: int = 12
    failures: int = 25
    rows: int = 1_000
    text: int = 6_000

    def halved(self) -> Limits:
        """The next smaller ones."""
        return Limits(self.charts // 2, max(1, self.failures // 2), max(1, self.rows // 2), max(200, self.text // 2))


@dataclass(frozen=True)
class Unfolded:
    """A model with its charts; open from the start if there is something to see."""

    key: str
    view: ModelView
    charts: Sequence[Chart]
    open: bool


def page(run: Run, background: Background, limits: Limits | None = None, *, beside_logs: bool = True) -> str:
    """The page as HTML of at most `MAX_BYTES`, encoded as UTF-8.

    Args:
        run: the run.
        background: what it was held against, and the nights before.
        limits: the usual ones by default; they are lowered until the page is small enough.
        beside_logs: whether the page is in the record's folder, so that links to logs lead there.
    """
    limits = limits or Limits()
    views = models_of(run, background)
    unfolded = _unfolded(views, limits.charts)
    while True:
        told = _told(run, background, views, unfolded[: limits.charts], limits)
        html = render(**told, beside_logs=beside_logs)
        if len(html.encode()) <= MAX_BYTES or limits == limits.halved():
            return html
        limits = limits.halved()


def _told(
    run: Run, background: Background, views: Sequence[ModelView], unfolded: Sequence[Unfolded], limits: Limits
) -> dict[str, Any]:
    tests = sorted(run.tests, key=lambda test: list(OUTCOMES).index(test.outcome))
    failures = [test for test in tests if test.outcome in BAD]
    verdict = verdict_on(run, background)
    keys = {id(one.view): one.key for one in unfolded}
    return {
        "run": run,
        "verdict": verdict,
        "background": background,
        "findings": background.findings[: limits.rows],
        "views": [(view, keys.get(id(view))) for view in views[: limits.rows]],
        "all_views": len(views),
        "wide_pointers": any(view.board.pointer_bits not in (None, 32) for view in views),
        "several_kinds": len({view.board.kind for view in views}) > 1,
        "unfolded": unfolded,
        "failures": failures[: limits.failures],
        "all_failures": len(failures),
        "tests": tests[: limits.rows],
        "measurements": sum(len(test.measurements) for test in run.tests),
        "log_name": _log_name,
        "limits": limits,
    }


def _unfolded(views: Sequence[ModelView], most: int) -> list[Unfolded]:
    told = []
    with settings():
        for number, view in enumerate(views[:most], 1):
            charts = _charts(f"m{number}", view)
            told.append(Unfolded(f"m{number}", view, charts, len(views) <= _FEW or view.status != "passed"))
    return told


def _charts(key: str, view: ModelView) -> list[Chart]:
    series = [each for _, measured in view.measured for each in measured.outputs]
    charts = (
        arena_chart(f"{key}a", view.need),
        latency_chart(f"{key}l", view.latency),
        profile_chart(f"{key}p", view.profile, view.board.clock_hz),
        outputs_chart(f"{key}o", series),
        trend_chart(f"{key}n", view.trends),
    )
    return [chart for chart in charts if chart is not None]


def _log_name(test: Test) -> str | None:
    """Where the whole log is, from the folder of the report; None for what is no name of a log of ours."""
    return test.log if test.log is not None and _LOG.fullmatch(test.log) else None
