"""How far a figure may move before it is worse: thresholds as small texts."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from harness.record.figures import Spread
from harness.regression.errors import ThresholdError

# "pp" are percentage points: 90 % and 1 pp less are 89 %, 90 % and 1 % less are 89.1 %.
_FACTORS = {"B": ("B", 1.0), "KiB": ("B", 1024.0), "ns": ("us", 1e-3), "us": ("us", 1.0), "µs": ("us", 1.0)} | {
    "ms": ("us", 1e3),
    "s": ("us", 1e6),
    "pp": ("", 1e-2),
}
_PART = re.compile(r"([+-]|±|\+-)\s*([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*(%|pp|B|KiB|ns|us|µs|ms|s|)")
_MOST_CHARS = 100
# Standard errors of a difference, and the normal distribution's 97.5 % quantile; see `Threshold.allowed`.
_SIGMAS = 3.0
_Z = 1.96


@dataclass(frozen=True)
class Part:
    """One part of a threshold.

    Attributes:
        sign: "+" where more is worse, "-" where less is, "±" where any change is.
        number: of percent, of the unit, or standard errors.
        unit: "%", "B", "us", "spread", or "" for shares and scores.
    """

    sign: str
    number: float
    unit: str


@dataclass(frozen=True)
class Threshold:
    """A threshold that was read.

    Attributes:
        text: as it was written, spaces made even.
        parts: what is allowed; of several, the one that allows most counts. None at all: nothing ("exact").
        watch: the figure is shown and never worse.
    """

    text: str
    parts: tuple[Part, ...] = ()
    watch: bool = False

    @property
    def both_ways(self) -> bool:
        """Whether a change for the better is one too many as well."""
        return any(part.sign == "±" for part in self.parts)

    def check(self, *, unit: str, less_is_worse: bool) -> Threshold:
        """Demands that this can be the threshold of a figure, and returns it.

        Raises:
            ThresholdError: its unit is another one, or its sign allows what is better anyway.
        """
        for part in self.parts:
            if part.unit not in ("%", "spread", unit):
                raise ThresholdError(f"{self.text!r}: a figure in {unit or 'numbers'} can have no such threshold")
            wrong = "+" if less_is_worse else "-"
            if part.sign == wrong:
                worse = "less" if less_is_worse else "more"
                raise ThresholdError(f"{self.text!r}: {worse} is worse for this figure, so that sign allows nothing")
        return self

    def allowed(
        self, before: float, before_spread: Spread | None = None, now_spread: Spread | None = None
    ) -> float | None:
        """How far the figure may be off, in its own unit, from 0; None without a limit (`watch`).

        Of "spread" it is three standard errors of the difference of two medians. That of one median is the length of
        its 95 % interval by 2 * 1.96, whatever the distribution (McKean and Schrader, A comparison of methods for
        Studentizing the sample median, Communications in Statistics 13(6), 1984); those of both runs add up in squares.
        By chance three of them are exceeded to the wrong side in 0.13 % of comparisons.

        Where one of both runs has no such interval, "spread" allows nothing by itself.
        """
        if self.watch:
            return None
        allowed = 0.0
        for part in self.parts:
            if part.unit == "%":
                allowed = max(allowed, abs(before) * part.number / 100)
            elif part.unit == "spread":
                allowed = max(allowed, part.number * _error_of_difference(before_spread, now_spread))
            else:
                allowed = max(allowed, part.number)
        return allowed


EXACT = Threshold("exact")
WATCH = Threshold("watch", watch=True)


def parse_threshold(text: object) -> Threshold:
    """A threshold from text.

    Raises:
        ThresholdError: it is none; the message shows what came.
    """
    if not isinstance(text, str) or len(text) > _MOST_CHARS:
        raise ThresholdError(f"a threshold as text expected, {_shown(text)} came")
    even = " ".join(text.split())
    if even in ("exact", "watch"):
        return EXACT if even == "exact" else WATCH
    parts = tuple(_part(piece, even) for piece in even.split(" or "))
    if len({part.sign for part in parts if part.unit != "spread"}) > 1:
        raise ThresholdError(f"{even!r}: parts of one direction expected")
    # "64 B or 64 B" is a slip of the pen: one of them was meant to be another.
    if len({part.unit for part in parts}) < len(parts):
        raise ThresholdError(f"{even!r}: parts of different units expected")
    return Threshold(even, parts)


def _part(piece: str, whole: str) -> Part:
    if piece == "spread":
        return Part("", _SIGMAS, "spread")
    match = _PART.fullmatch(piece)
    if match is None:
        raise ThresholdError(f"{whole!r} is no threshold: {piece!r} is not understood")
    sign = "±" if match[1] == "+-" else match[1]
    unit, factor = _FACTORS.get(match[3], (match[3], 1.0))
    return Part(sign, float(match[2]) * factor, unit)


def _error_of_difference(one: Spread | None, other: Spread | None) -> float:
    errors = [
        (spread.high - spread.low) / (2 * _Z)
        for spread in (one, other)
        if spread is not None and spread.low is not None and spread.high is not None
    ]
    return math.hypot(*errors) if len(errors) == 2 else 0.0


def _shown(text: object) -> str:
    shown = repr(text)
    return shown if len(shown) <= _MOST_CHARS else f"{shown[:_MOST_CHARS]}..."
