"""What a model put out over the steps of a sequence, against what was expected."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.record.model import Series
from harness.report.html.charts.chart import MAX_ROWS, Chart
from harness.report.html.charts.sheet import SMALL, WIDTH, Sheet, colour, drawable
from harness.report.html.charts.svg import svg
from harness.report.html.shown import number, one_line

# More points than pixels are of no use.
_MOST_POINTS = 400
_PANEL = 112
_TALL = 160
_MOST_PANELS = 2
_LEGEND = 22


def outputs_chart(key: str, series: Sequence[Series]) -> Chart | None:
    """The chart, with those that differ first; None if there are none of more than one step."""
    usable = [each for each in series if _usable(each)]
    if not usable:
        return None
    # Several tests may have run the same sequence; one that differs stands for its element.
    usable.sort(key=lambda each: -_apart(each)[0])
    shown = list({(each.output, each.element): each for each in reversed(usable)}.values())[::-1][:_MOST_PANELS]
    height = _TALL if len(shown) == 1 else _PANEL
    sheet = Sheet(_LEGEND + height * len(shown))
    _legend(sheet)
    for place, each in enumerate(shown):
        _panel(sheet, _LEGEND + height * place, height, each)
    worst, step = _apart(shown[0])
    what = one_line(shown[0].what, 40)
    if math.isinf(worst):
        says = f"compared with {what}: at step {step:,} only one of both is a number"
    elif worst:
        says = f"compared with {what}: at most {number(worst)} apart, at step {step:,}"
    else:
        says = f"compared with {what}: equal at every step shown"
    rows = [
        (f"{each.output}, {each.element}", f"{each.first + place:,}", _value(came), _value(wanted))
        for each in shown
        for place, (came, wanted) in enumerate(zip(each.values, each.expected, strict=False))
    ]
    description = f"The device's output over the steps as a line, on a wider line of what was expected: {says}"
    picture = svg(sheet, key, "Outputs over time", description)
    columns = ("output, element", "step", "device", "expected")
    left_out = max(0, len(rows) - MAX_ROWS)
    return Chart("Outputs over time", says, picture, columns, rows[:MAX_ROWS], left_out)


def _usable(series: Series) -> bool:
    values = [value for value in (*series.values, *series.expected) if value is not None]
    return min(len(series.values), len(series.expected)) > 1 and drawable(values)


def _apart(series: Series) -> tuple[float, int]:
    """The greatest distance and its step; 0 if there is none. A value on one side only is infinitely far."""
    worst, step = 0.0, series.first
    for place, (came, wanted) in enumerate(zip(series.values, series.expected, strict=False)):
        distance = 0.0 if came == wanted else math.inf if came is None or wanted is None else abs(came - wanted)
        if distance > worst:
            worst, step = distance, series.first + place
    return worst, step


def _value(value: float | None) -> str:
    return "not finite" if value is None else number(value)


def _legend(sheet: Sheet) -> None:
    sheet.line((2, 24), (9, 9), "band", 6)
    sheet.text(32, 13, "expected", "soft", size=SMALL)
    sheet.line((100, 122), (9, 9), "ink", 1.5)
    sheet.text(130, 13, "device", "soft", size=SMALL)


def _panel(sheet: Sheet, top: float, height: float, series: Series) -> None:
    count = min(len(series.values), len(series.expected))
    stride = math.ceil(count / _MOST_POINTS)
    steps = np.arange(count)[::stride] + series.first
    axes = sheet.axes(44, top + 8, WIDTH - 54, height - 42)
    came, wanted = (
        np.array([math.nan if value is None else value for value in values[:count]])[::stride]
        for values in (series.values, series.expected)
    )
    axes.grid(axis="y", color=colour("line"), linewidth=0.7)
    axes.plot(steps, wanted, color=colour("band"), linewidth=5, solid_capstyle="round")
    axes.plot(steps, came, color=colour("ink"), linewidth=1.4)
    axes.margins(x=0.01, y=0.12)
    axes.locator_params(axis="y", nbins=3)
    axes.locator_params(axis="x", nbins=5, integer=True)
    distance, step = _apart(series)
    if distance:
        axes.axvline(step, color=colour("bad"), linewidth=1.5, linestyle="--")
    title = f"output {series.output}, element {series.element}"
    sheet.text(WIDTH, top + height - 4, f"{title}; step", "soft", align="right", size=SMALL)
