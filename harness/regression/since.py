"""Since when a figure is worse or better than what it is held against."""

from __future__ import annotations

import math

from harness.history.changes import Change, Trend
from harness.history.points import Point

# Values that were written with as few digits are the same one.
EQUAL = 1e-9


def since_when(trend: Trend, before: float, allowed: float, *, up: bool) -> Change | None:
    """The change that brought a figure to where it is tonight; None if its history does not go back that far.

    A change-point is that change only if it explains the step: the level before it is what the figure is held against,
    and all nights since are beyond what is allowed. Else it may be an older one, after which the figure went elsewhere.
    Then it is the first of the unbroken nights beyond what is allowed. Of a figure that varies, one or two nights are
    no change-point yet. Single nights that were off do not break them.

    Args:
        trend: the figure's history; its last point is tonight.
        before: what it is held against.
        allowed: how far it may be off.
        up: whether it is more tonight.
    """
    spikes = {spike.point.when for spike in trend.spikes}
    points = [point for point in trend.series.points if point.when not in spikes]
    first = len(points) - 1
    while first > 0 and _beyond(points[first - 1], before, allowed, up):
        first -= 1
    for change in reversed(trend.changes):
        from_there = (change.after > change.before) == up and abs(change.before - before) <= _limit(before, allowed)
        if from_there and change.first.when >= points[first].when:
            return change
    if first == 0:
        return None
    return Change(points[first], points[first - 1], before, points[-1].value, math.nan)


def _beyond(point: Point, level: float, allowed: float, up: bool) -> bool:
    moved = point.value - level
    return abs(moved) > _limit(level, allowed) and (moved > 0) == up


def _limit(level: float, allowed: float) -> float:
    return allowed + EQUAL * abs(level)
