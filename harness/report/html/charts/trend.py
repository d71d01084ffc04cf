"""A model's figures over the nights, with the nights since which they are others."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.html.background import Trend
from harness.report.html.charts.chart import MAX_ROWS, Chart
from harness.report.html.charts.sheet import SMALL, WIDTH, Sheet, colour, drawable
from harness.report.html.charts.svg import svg
from harness.report.html.shown import figure, label, one_line

_PANEL = 92
_MOST_PANELS = 4
_MOST_NIGHTS = 120


def trend_chart(key: str, trends: Sequence[Trend]) -> Chart | None:
    """The chart, with figures that changed first; None if there are not two nights."""
    usable = [each for each in trends if len(each.nights) > 1 and drawable([value for _, value in each.nights])]
    if not usable:
        return None
    shown = sorted(usable, key=lambda each: not each.changes)[:_MOST_PANELS]
    sheet = Sheet(_PANEL * len(shown) + 4)
    for place, each in enumerate(shown):
        _panel(sheet, _PANEL * place, each)
    named = [f"{each.figure}: {one_line(change.text, 160)}" for each in shown for change in each.changes]
    nights = max(len(each.nights) for each in shown)
    says = "; ".join(named) if named else f"no change in {nights} nights"
    rows = [
        (each.figure, one_line(night, 40), figure(value, each.unit), _change_at(each, len(each.nights) - 1 - back))
        for each in shown
        for back, (night, value) in enumerate(reversed(each.nights))
    ]
    description = f"A line for each figure over {nights} nights, oldest first. {says}"
    picture = svg(sheet, key, "Nights", description)
    columns = ("figure", "night", "value", "change")
    return Chart("Nights", says, picture, columns, rows[:MAX_ROWS], max(0, len(rows) - MAX_ROWS))


def _change_at(trend: Trend, night: int) -> str:
    return "; ".join(one_line(change.text, 160) for change in trend.changes if change.night == night)


def _panel(sheet: Sheet, top: float, trend: Trend) -> None:
    skipped = max(0, len(trend.nights) - _MOST_NIGHTS)
    nights = trend.nights[skipped:]
    values = [value for _, value in nights]
    sheet.text(0, top + 14, label(trend.figure, 30), bold=True)
    sheet.text(WIDTH, top + 14, figure(values[-1], trend.unit), align="right")
    axes = sheet.axes(6, top + 32, WIDTH - 12, 30)
    low, high = min(values), max(values)
    # A figure that does not move is a flat line in the middle, and noise of a thousandth is no mountain.
    span = max(high - low, 0.02 * abs(high), 1e-9)
    middle = (low + high) / 2
    axes.set_ylim(middle - 0.6 * span, middle + 0.6 * span)
    axes.set_xlim(-0.3, len(values) - 0.7)
    axes.yaxis.set_visible(False)
    axes.plot(values, color=colour("c1"), linewidth=1.6, clip_on=False)
    axes.plot(len(values) - 1, values[-1], "o", color=colour("c1"), markersize=6, clip_on=False)
    ticks = [0, len(values) - 1]
    for change in trend.changes:
        place = change.night - skipped
        if 0 <= place < len(values):
            axes.axvline(place - 0.5, color=colour("bad"), linewidth=1.5, linestyle="--", clip_on=False)
            axes.plot(place, values[place], "D", color=colour("bad"), markersize=6, clip_on=False)
            x = 6 + (place - 0.2) / (len(values) - 0.4) * (WIDTH - 12)
            right = x > WIDTH / 2
            name = label(nights[place][0], 20)
            since = f"since {name} \u25b8" if right else f"\u25c2 since {name}"
            sheet.text(
                x - 4 if right else x + 4, top + 30, since, "bad", align="right" if right else "left", size=SMALL
            )
    axes.set_xticks(ticks, [label(nights[tick][0], 20) for tick in ticks])
    first, last = axes.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
