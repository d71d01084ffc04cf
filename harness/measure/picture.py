"""Small pictures in text, for messages: which steps differ, and two curves in one plot. Plain ASCII, few lines."""

from __future__ import annotations

import math
from collections.abc import Sequence

_LINE = 64
_LINES = 8
_ROWS = 9
# So many points before the first difference show where it came from.
_BEFORE = 8


def marks_in_lines(what: str, marks: str, first: int) -> str:
    """One character per step, 64 in a line, from the line on that has the first difference; 8 lines at most.

    Args:
        what: what is counted: "step", "element".
        marks: "." equal, "#" different, "-" only on one side.
        first: number of the first mark that is not ".".
    """
    start = first // _LINE * _LINE
    width = len(str(len(marks)))
    end = min(start + _LINE * _LINES, len(marks))
    lines = [f"{what} {at:>{width}} {marks[at : at + _LINE]}" for at in range(start, end, _LINE)]
    if end < len(marks):
        lines.append(f"... and {len(marks) - end:,} more {what}s")
    return "\n".join(lines)


def plot(expected: Sequence[float], came: Sequence[float], first: int, axis: str) -> str:
    """Two curves, 64 columns wide and 9 rows high at most, around the first difference.

    `e` is what was expected, `c` what came, `=` both in the same row. What is not finite is left out.

    Args:
        expected: a value per point.
        came: as many.
        first: the first point that differs.
        axis: what a point is: "step", "element".

    Returns:
        The lines; "" where there is nothing to see: less than two points, or values that no scale holds.
    """
    start = max(0, min(first - _BEFORE, len(expected) - _LINE))
    columns = list(zip(expected[start : start + _LINE], came[start : start + _LINE], strict=True))
    finite = [value for column in columns for value in column if math.isfinite(value)]
    if len(columns) < 2 or not finite:
        return ""
    low, high = min(finite), max(finite)
    if not 0 < high - low < math.inf:
        return ""

    def row(value: float) -> int:
        return round((high - value) / (high - low) * (_ROWS - 1))

    cells = [[" "] * len(columns) for _ in range(_ROWS)]
    for x, (wanted, got) in enumerate(columns):
        for value, mark in ((wanted, "e"), (got, "c")):
            if math.isfinite(value):
                y = row(value)
                cells[y][x] = mark if cells[y][x] == " " else "="
    labels = {0: f"{high:.6g}", _ROWS - 1: f"{low:.6g}"}
    width = max(map(len, labels.values()))
    lines = [f"{labels.get(y, ''):>{width}} |{''.join(cells[y])}".rstrip() for y in range(_ROWS)]
    lines.append(f"{'':>{width}} +{'-' * len(columns)}")
    last = start + len(columns) - 1
    lines.append(f"{'':>{width}}  {axis}s {start:,} to {last:,}; e expected, c came, = both")
    return "\n".join(lines)
