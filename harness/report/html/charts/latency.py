"""How long invokes took: where most of them are, the median, p95, and the first, cold one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from harness.measure.duration import duration_unit
from harness.record.model import Latency
from harness.report.html.charts.chart import MAX_ROWS, Chart
from harness.report.html.charts.sheet import SMALL, WIDTH, Sheet, colour, drawable
from harness.report.html.charts.svg import svg
from harness.report.html.shown import NBSP, duration, number, share

_BINS = 32
# Fewer samples than this are shown one by one.
_FEW = 30
_HEIGHT = 176
_PLOT = (6.0, 62.0, WIDTH - 12.0, 84.0)
_US = {"us": 1.0, "ms": 1e3, "s": 1e6}


def latency_chart(key: str, latency: Latency | None) -> Chart | None:
    """The chart; None if nothing was measured, or nothing that can be drawn."""
    if latency is None:
        return None
    samples = latency.samples_us
    marks = [latency.median, latency.p95, *([] if latency.cold_us is None else [latency.cold_us])]
    if not samples or not drawable([*samples, *marks]) or min(*samples, *marks) < 0:
        return None
    low, high = _window(samples, latency)
    unit = duration_unit(high)
    scale = _US[unit]
    sheet = Sheet(_HEIGHT)
    axes = sheet.axes(*_PLOT)
    axes.set_xlim(low / scale, high / scale)
    axes.yaxis.set_visible(False)
    axes.locator_params(axis="x", nbins=4)
    axes.ticklabel_format(axis="x", useOffset=False, style="plain")
    rows = _dots(axes, samples, scale) if len(samples) < _FEW else _bars(axes, samples, low, high, scale)
    sheet.text(
        WIDTH, _HEIGHT - 2, f"duration of an invoke [{unit.replace('us', 'µs')}]", "soft", align="right", size=SMALL
    )
    figures = [("median", latency.median, "ink"), ("p95", latency.p95, "accent")]
    if latency.cold_us is not None:
        figures.append(("cold", latency.cold_us, "c4"))
    for row, (name, us, shade) in enumerate(figures):
        _mark(sheet, row, name, us, shade, (us - low) / (high - low))
    beyond = sum(sample > high for sample in samples)
    says = f"median {duration(latency.median)}, p95 {duration(latency.p95)} of {number(latency.count)} invokes"
    if latency.cold_us is not None and latency.median and latency.count > 1:
        says += f"; the first, cold one {latency.cold_us / latency.median - 1:+.1%}".replace("%", f"{NBSP}%")
    if beyond:
        says += f"; {beyond:,} longer ones are outside the picture, up to {duration(latency.max)}"
    description = f"How the durations of invokes are distributed, with the median, p95 and the first invoke: {says}"
    picture = svg(sheet, key, "Latency", description)
    told = [(name, duration(us)) for name, us, _ in figures]
    told += [("shortest", duration(latency.min)), ("longest", duration(latency.max))]
    told += [("jitter", duration(latency.jitter)), ("standard deviation", duration(latency.deviation))]
    if latency.interval is not None:
        within = f"{duration(latency.interval.low)} to {duration(latency.interval.high)}"
        told.append((f"median, at {share(latency.interval.level)} confidence", within))
    return Chart("Latency", says, picture, ("duration", "value"), [*told, *rows][:MAX_ROWS])


def _window(samples: Sequence[float], latency: Latency) -> tuple[float, float]:
    """The part of the axis to show: all samples but a few that are far out, and the cold one if it is near."""
    low, high = min(samples), max(samples)
    body = float(np.quantile(samples, 0.98))
    if high - low > 5 * (body - low) > 0:
        high = body + 0.5 * (body - low)
    # Equal samples, as an emulator has them, would be a line without an axis; no clock is finer than this.
    span = max(high - low, 0.01 * latency.median, 1e-3)
    low, high = min(low, max(latency.median - span / 2, 0)), max(high, latency.median + span / 2, latency.p95)
    if latency.cold_us is not None and low - 1.5 * span <= latency.cold_us <= high + 1.5 * span:
        low, high = min(low, latency.cold_us), max(high, latency.cold_us)
    margin = 0.04 * (high - low)
    return max(0.0, low - margin), high + margin


def _bars(axes: Axes, samples: Sequence[float], low: float, high: float, scale: float) -> list[tuple[str, str]]:
    shown = [sample for sample in samples if sample <= high]
    counts, edges = np.histogram(shown, bins=_BINS, range=(low, high))
    width = (edges[1] - edges[0]) / scale
    filled = [(edge, count) for edge, count in zip(edges, counts, strict=False) if count]
    axes.bar(
        [edge / scale for edge, _ in filled],
        [count for _, count in filled],
        width * 0.9,
        align="edge",
        color=colour("c1"),
        clip_on=False,
    )
    axes.set_ylim(0, int(counts.max()))
    return [
        (f"{edge:,.3f} to {edge + edges[1] - edges[0]:,.3f}{NBSP}µs", f"{count:,} invoke{'' if count == 1 else 's'}")
        for edge, count in filled
    ]


def _dots(axes: Axes, samples: Sequence[float], scale: float) -> list[tuple[str, str]]:
    """One dot per invoke, the first one lowest."""
    shown = [sample / scale for sample in samples]
    axes.plot(shown, range(len(shown)), "o", color=colour("c1"), markersize=5, clip_on=True)
    axes.set_ylim(-1, max(len(shown), 4))
    return [(f"invoke {place + 1}", duration(sample)) for place, sample in enumerate(samples)]


def _mark(sheet: Sheet, row: int, name: str, us: float, shade: str, place: float) -> None:
    """A line down to the axis, named above the plot; an arrow at the edge if it is outside."""
    left, top, width, height = _PLOT
    x = left + min(1.0, max(0.0, place)) * width
    base = 12.0 + 17 * row
    text = f"{name} {duration(us)}"
    if place > 1:
        sheet.text(WIDTH, base, f"{text} \u2192", shade, align="right", bold=True)
        return
    if place < 0:
        sheet.text(0, base, f"\u2190 {text}", shade, bold=True)
        return
    sheet.line((x, x), (base - 9, top + height), shade, 1.5, ("-", "--", ":")[row])
    right = x > 0.6 * WIDTH
    sheet.text(x - 5 if right else x + 5, base, text, shade, align="right" if right else "left", bold=True)
