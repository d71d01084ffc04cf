"""What a clock that invokes are timed with is worth."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """A device's clock, as it measured it itself.

    Attributes:
        tick_hz: ticks per second.
        resolution_ticks: the smallest step that was seen.
        overhead_ticks: what every duration still has in it beside what was timed; the median of many empty ones.
        overhead_max_ticks: the most that was seen of it.
        subtracted_ticks: what the device has subtracted from every duration already.
    """

    tick_hz: int
    resolution_ticks: int
    overhead_ticks: int
    overhead_max_ticks: int
    subtracted_ticks: int = 0

    def microseconds(self, ticks: int) -> float:
        """A number of ticks as a duration."""
        return ticks * 1e6 / self.tick_hz
