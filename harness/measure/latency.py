"""Statistics over the durations of invokes, and durations as text. All durations are in microseconds."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from harness.errors import Misuse

_UNITS = {"ns": Fraction(1, 1000), "us": Fraction(1), "µs": Fraction(1), "ms": Fraction(1000), "s": Fraction(1_000_000)}
_DURATION = re.compile(r"\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*(ns|us|µs|ms|s)\s*")


@dataclass(frozen=True)
class Latency:
    """Durations of invokes.

    The figures of no samples at all are a `Misuse`.

    Attributes:
        samples_us: one duration per invoke, in microseconds, in order of measurement.
        cold_us: duration of the first invoke after opening, with a cold flash cache, where it is kept apart from the
            samples.
    """

    samples_us: tuple[float, ...]
    cold_us: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples_us", tuple(self.samples_us))
        for sample in (*self.samples_us, *(() if self.cold_us is None else (self.cold_us,))):
            if not math.isfinite(sample) or sample < 0:
                raise Misuse(f"a duration of {sample} us: a finite number from 0 is expected")

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.samples_us)

    @property
    def min(self) -> float:
        """The shortest duration."""
        return min(self._samples())

    @property
    def max(self) -> float:
        """The longest duration."""
        return max(self._samples())

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        return math.fsum(self._samples()) / self.count

    @property
    def median(self) -> float:
        """Half of the samples are shorter."""
        return self.quantile(0.5)

    @property
    def p95(self) -> float:
        """95 % of the samples are shorter."""
        return self.quantile(0.95)

    @property
    def jitter(self) -> float:
        """Peak-to-peak jitter: the longest duration minus the shortest."""
        return self.max - self.min

    def quantile(self, share: float) -> float:
        """The duration that a share of the samples is below, linear between neighbours.

        Type 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996),
        which is numpy's default too: position `(count - 1) * share` in the sorted samples, counted from 0.

        Args:
            share: 0 to 1.

        Raises:
            Misuse: there are no samples, or the share is out of range.
        """
        if not 0 <= share <= 1:
            raise Misuse(f"a quantile of {share}: 0 to 1 is expected")
        ordered = sorted(self._samples())
        position = (len(ordered) - 1) * share
        low = math.floor(position)
        high = min(low + 1, len(ordered) - 1)
        # With equal neighbours the sum is exact; a weighted mean could round to a value that no sample has.
        return ordered[low] + (ordered[high] - ordered[low]) * (position - low)

    def _samples(self) -> tuple[float, ...]:
        if not self.samples_us:
            raise Misuse(
                "no duration was measured, so there are no statistics", advice="invoke the model at least once"
            )
        return self.samples_us

    def __str__(self) -> str:
        if not self.samples_us:
            return "no samples"
        unit = _unit(self.median)
        return f"median {_number(self.median, unit)} / p95 {_number(self.p95, unit)} {unit}"


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
    unit = _unit(us)
    return f"{_number(us, unit)} {unit}"


def _unit(us: float) -> str:
    """Milliseconds from 0.1 ms on, seconds from 1 s on."""
    if abs(us) < 100:
        return "us"
    return "ms" if abs(us) < 1_000_000 else "s"


def _number(us: float, unit: str) -> str:
    value = us / float(_UNITS[unit])
    decimals = 3 if abs(value) < 10 else 2 if abs(value) < 100 else 1
    return f"{value:.{decimals}f}"
