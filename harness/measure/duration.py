"""Durations as text. All durations are in microseconds."""

from __future__ import annotations

import re
from fractions import Fraction

_UNITS = {"ns": Fraction(1, 1000), "us": Fraction(1), "µs": Fraction(1), "ms": Fraction(1000), "s": Fraction(1_000_000)}
_DURATION = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*(ns|us|µs|ms|s)\s*")


def parse_duration(text: str) -> float:
    """Microseconds of a text such as "5 ms", "640 us" or "1.5 s".

    Raises:
        ValueError: it is none; the message shows the allowed forms.
    """
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(
            f'{text!r} is not a duration; expected a number with ns, us, ms or s: "5 ms", "640 us", "1.5 s"'
        )
    return float(Fraction(match[1]) * _UNITS[match[2]])


def format_duration(us: float) -> str:
    """A duration in microseconds for a person, to three decimals or more than four figures: "0.644 ms", "800.4 ms"."""
    unit = duration_unit(us)
    return f"{format_in(us, unit)} {unit}"


def duration_unit(us: float) -> str:
    """The unit to show a duration in: milliseconds from 0.1 ms on, seconds from 1 s on."""
    if abs(us) < 100:
        return "us"
    return "ms" if abs(us) < 1_000_000 else "s"


def format_in(us: float, unit: str) -> str:
    """A duration's number in a unit."""
    value = us / float(_UNITS[unit])
    decimals = 3 if abs(value) < 10 else 2 if abs(value) < 100 else 1
    return f"{value:.{decimals}f}"
