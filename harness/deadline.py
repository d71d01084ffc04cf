"""The one way to wait: a point on the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """A point in time, on the monotonic clock, by which something must have happened.

    Args:
        seconds: how long from now; negative values count as 0.
        clock: a monotonic clock in seconds; tests give their own.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = max(0.0, seconds)
        self._clock = clock
        self._at = clock() + self.seconds

    @classmethod
    def of(cls, limit: float | Deadline) -> Deadline:
        """A call's own deadline where it is a part of one; otherwise one that begins now, in seconds."""
        return limit if isinstance(limit, Deadline) else cls(limit)

    def remaining(self) -> float:
        """Seconds that are left, 0.0 once it has passed."""
        return max(0.0, self._at - self._clock())

    def expired(self) -> bool:
        """Whether the time is up."""
        return self._clock() >= self._at

    def __repr__(self) -> str:
        return f"Deadline({self.remaining():.3f} s of {self.seconds:.3f} s left)"
