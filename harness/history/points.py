"""A figure over many runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from harness.record.figures import Figure, Key

# Conditions that make two series of a figure, instead of one that changes.
SEPARATE = ("kind", "chip", "clock_hz", "pointer_bits", "engine")
# Outcomes of tests whose figures others are held against.
GOOD = ("passed", "xpassed")


@dataclass(frozen=True)
class Point:
    """What a figure was in one run.

    Attributes:
        when: the run's start, in UTC.
        value: the figure.
        conditions: all of them by name, as `Figure.measured_under` tells them.
        passed: whether its test did. Of one that did not the figure is shown, and no other is held against it.
    """

    when: datetime
    value: float
    conditions: Mapping[str, str]
    passed: bool = True


@dataclass(frozen=True)
class Series:
    """A figure over many runs on one kind of board with one clock.

    Attributes:
        key: the figure.
        unit: of its values.
        points: oldest first; at least one.
    """

    key: Key
    unit: str
    points: tuple[Point, ...]

    @property
    def conditions(self) -> Mapping[str, str]:
        """Those of the newest point."""
        return self.points[-1].conditions

    @property
    def values(self) -> list[float]:
        """The values alone."""
        return [point.value for point in self.points]


def point_of(figure: Figure, when: datetime) -> Point:
    """What a figure was in a run."""
    return Point(when, figure.value, figure.measured_under(), figure.outcome in GOOD)


def series_id(conditions: Mapping[str, str], key: Key) -> tuple[str, ...]:
    """What tells one series from another."""
    return (*(conditions.get(name, "") for name in SEPARATE), *key)
