"""Figures over many nights as a table: values, a row of blocks, and the days on which they changed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from harness.history.changes import Spike, Trend
from harness.regression.lines import Line, aligned
from harness.regression.words import moved, plain_name, since_in_words, sparkline, value_in_words

# The newest nights that a row of blocks has room for.
_BLOCKS = 40
_SHOWN_CHANGES = 3
_TITLES = ("figure", "board", "nights", "first", "last", "trend")


def trend_table(trends: Sequence[Trend]) -> Group:
    """A row per figure, with its changes below; figures that were the same in every night share one."""
    lines = []
    for (board, *_), group in _alike(trends).items():
        series = group[0].series
        values = series.values
        cells = (
            plain_name(series.key.name),
            str(board),
            f"{len(values):,}",
            value_in_words(values[0], series.unit),
            value_in_words(values[-1], series.unit),
            sparkline(values[-_BLOCKS:]),
        )
        tests = sorted({trend.series.key.test for trend in group})
        where = tests[0] + (f" and {len(tests) - 1:,} more tests" if len(tests) > 1 else "")
        lines.append(Line(cells, "\n".join([where, *_events(group[0])])))
    first = min(trend.series.points[0].when for trend in trends)
    last = max(trend.series.points[-1].when for trend in trends)
    heading = Text(f"{trends[0].series.key.model}, {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    return Group(heading, "", *aligned(_TITLES, lines, to_the_right=(2, 3, 4)))


def spike_in_words(spike: Spike, unit: str) -> str:
    """A single night that was off."""
    value = value_in_words(spike.point.value, unit)
    return f"one night only, {spike.point.when:%Y-%m-%d}: {value}, {moved(spike.level, spike.point.value, unit)}"


def _events(trend: Trend) -> list[str]:
    """What happened, the newest first."""
    unit = trend.series.unit
    told = [(change.first.when, since_in_words(change)) for change in trend.changes]
    told += [(spike.point.when, spike_in_words(spike, unit)) for spike in trend.spikes]
    newest = [text for _, text in sorted(told, reverse=True)]
    more = len(newest) - _SHOWN_CHANGES
    return newest if more <= 0 else [*newest[:_SHOWN_CHANGES], f"{more:,} earlier ones"]


def _alike(trends: Sequence[Trend]) -> dict[tuple[object, ...], list[Trend]]:
    groups: dict[tuple[object, ...], list[Trend]] = {}
    for trend in sorted(trends, key=lambda each: (each.series.key.name, each.series.key.test)):
        series = trend.series
        told = series.conditions
        clock = told.get("clock_hz", "")
        board = f"{told.get('kind', '')}" + (f" {int(clock) / 1e6:g} MHz" if clock.isdecimal() else "")
        dates = tuple(point.when for point in series.points)
        groups.setdefault((board, plain_name(series.key.name), dates, tuple(series.values)), []).append(trend)
    return groups
