"""Limits of durations, in time or in cycles of the board's clock."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.errors import Misuse
from harness.measure.duration import format_duration, parse_duration

_CYCLES = re.compile(r"\s*([0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15})\s*cycles\s*")


@dataclass(frozen=True)
class DurationLimit:
    """The longest that something may take. One of the two figures is given, the other is None.

    Attributes:
        us: in microseconds.
        cycles: in cycles of the core.
    """

    us: float | None = None
    cycles: int | None = None

    def microseconds(self, clock_hz: int | None) -> float:
        """The limit in microseconds on a board of this clock.

        Raises:
            Misuse: it is in cycles, and the board has no fixed clock.
        """
        if self.us is not None:
            return self.us
        assert self.cycles is not None
        if clock_hz is None:
            raise Misuse(
                f"a limit of {self.cycles:,} cycles for a board without a fixed clock, such as the host",
                advice="give this board's limit as a duration, such as 5 ms",
            )
        return self.cycles * 1e6 / clock_hz

    def describe(self, clock_hz: int | None) -> str:
        """In words: "20.00 ms", "2,500,000 cycles (20.00 ms)"."""
        shown = format_duration(self.microseconds(clock_hz))
        return shown if self.cycles is None else f"{self.cycles:,} cycles ({shown})"


def parse_duration_limit(text: str) -> DurationLimit:
    """A limit such as "20 ms" or "2,500,000 cycles".

    Raises:
        ValueError: it is none; the message shows the allowed forms.
    """
    match = _CYCLES.fullmatch(text) if isinstance(text, str) else None
    if match is not None:
        return DurationLimit(cycles=int(match[1].replace(",", "")))
    try:
        return DurationLimit(us=parse_duration(text))
    except ValueError as error:
        raise ValueError(f'{error}; or a whole number of cycles: "2,500,000 cycles"') from None
