"""A board's clock and the effect of interrupts, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from harness.experiments.clock import ClockReport, Series
from harness.measure.clock import Clock
from harness.measure.latency import Latency, format_duration
from harness.report.latency import latency_json


def clock_rows(clock: Clock) -> Iterator[tuple[str, str]]:
    """What there is to say, line by line: a name and a text."""
    tick = format_duration(clock.microseconds(1))
    yield "clock", f"{clock.tick_hz / 1e6:g} MHz, a tick is {tick}; smallest step {_ticks(clock.resolution_ticks)}"
    subtracted = (
        f"{_ticks(clock.subtracted_ticks)} of its own are subtracted on the board"
        if clock.subtracted_ticks
        else "nothing is subtracted"
    )
    left = f"an empty measurement still shows {clock.overhead_ticks:,}, at most {clock.overhead_max_ticks:,}"
    yield "clock's cost", f"{subtracted}; {left} ({format_duration(clock.microseconds(clock.overhead_max_ticks))})"


def clock_table(report: ClockReport) -> Group:
    """The clock, and a line per series of invokes."""
    facts = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in clock_rows(report.clock) if report.clock else [("clock", "this board does not measure it")]:
        facts.add_row(Text(name), Text(text))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("interrupts", overflow="fold")
    for name in ("n", "median", "p95", "max", "jitter", "added"):
        table.add_column(name, justify="right", no_wrap=True)
    for series in report.series:
        latency = series.latency
        shown = [format_duration(us) for us in (latency.median, latency.p95, latency.max, latency.jitter)]
        table.add_row(series.interrupts, f"{latency.count:,}", *shown, _added(series, report.series[0].latency))
    heading = Text(f"{report.model} on {report.conditions}")
    return Group(heading, facts, Text(""), table)


def clock_json(report: ClockReport) -> dict[str, Any]:
    """All figures. Durations in microseconds."""
    clock = report.clock
    return {
        "model": report.model,
        "conditions": report.conditions,
        "clock": None if clock is None else vars(clock),
        "series": [
            {"interrupts": each.interrupts, "added_us": each.added_us, "latency_us": latency_json(each.latency)}
            for each in report.series
        ],
    }


def _ticks(count: int) -> str:
    return f"{count:,} tick{'' if count == 1 else 's'}"


def _added(series: Series, still: Latency) -> str:
    if series.added_us is None:
        return "-"
    return format_duration(series.added_us) + (f" ({series.added_us / still.median:+.2%})" if still.median else "")
