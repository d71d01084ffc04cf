"""How long each operator of an invoke took, and what it computed in that time."""

from __future__ import annotations

from collections.abc import Sequence

from harness.measure.profile import OpTime, Profile
from harness.record.model import Op
from harness.report.html.charts.chart import MAX_ROWS, Chart
from harness.report.html.charts.sheet import SMALL, WIDTH, Sheet, drawable
from harness.report.html.charts.svg import svg
from harness.report.html.shown import duration, label, number, one_line, share

_MOST = 10
_ROW = 38
# Of the bar of the slowest operator; the rest of the width is for what it computed.
_BAR = 0.52 * WIDTH
_INDENT = 10


def profile_chart(key: str, ops: Sequence[Op], clock_hz: int | None) -> Chart | None:
    """The chart, with the slowest operators in order of execution; None if none were timed."""
    if not drawable([op.us for op in ops]) or min(op.us for op in ops) < 0:
        return None
    if not drawable([op.macs or 0 for op in ops] + [clock_hz or 0]):
        return None
    profile = Profile(tuple(OpTime(op.index, op.name, op.us, op.macs, op.depth) for op in ops), clock_hz)
    slowest = sorted(profile.ops, key=lambda op: -op.microseconds)[:_MOST]
    shown = [op for op in profile.ops if op in slowest][:_MOST]
    left_out = len(profile.ops) - len(shown)
    sheet = Sheet(_ROW * len(shown) + (18 if left_out else 2))
    longest = max(op.microseconds for op in shown)
    for row, op in enumerate(shown):
        _draw(sheet, _ROW * row, op, profile, longest)
    if left_out:
        told = f"and {left_out:,} shorter ones, {duration(profile.microseconds - Profile(tuple(shown)).microseconds)}"
        sheet.text(0, sheet.height - 4, told, "soft", size=SMALL)
    first = max(shown, key=lambda op: op.microseconds)
    says = f"{one_line(first.name, 60)} takes {share(profile.share(first))} of {duration(profile.microseconds)}"
    if profile.cycles_per_mac is not None:
        says += f"; {profile.cycles_per_mac:.1f} cycles per MAC in all"
    rows = [
        (
            str(op.index),
            one_line(op.name, 60),
            duration(op.microseconds),
            share(profile.share(op)),
            number(op.macs),
            _per_mac(profile, op),
        )
        for op in profile.ops[:MAX_ROWS]
    ]
    columns = ("#", "operator", "time", "share", "MACs", "cycles/MAC")
    picture = svg(sheet, key, "Operators", f"A bar for the time of each operator, in order of execution. {says}")
    return Chart("Operators of one invoke", says, picture, columns, rows, len(profile.ops) - len(rows))


def _draw(sheet: Sheet, top: float, op: OpTime, profile: Profile, longest: float) -> None:
    indent = _INDENT * min(4, op.depth or 0)
    sheet.text(indent, top + 13, label(op.name, 29), bold=not op.depth)
    sheet.text(WIDTH, top + 13, f"{duration(op.microseconds)}, {share(profile.share(op))}", align="right")
    width = op.microseconds / longest * (_BAR - indent) if longest else 0
    sheet.bar(indent, top + 19, max(1, width), 9, "c1" if not op.depth else "c2")
    if op.macs is not None:
        per_mac = profile.cycles_per_mac_of(op)
        work = f"{op.macs:,} MACs" + ("" if per_mac is None else f", {per_mac:.1f} cycles each")
        sheet.text(WIDTH, top + 28, work, "soft", align="right", size=SMALL)


def _per_mac(profile: Profile, op: OpTime) -> str:
    per_mac = profile.cycles_per_mac_of(op)
    return "\u2013" if per_mac is None else f"{per_mac:.2f}"
