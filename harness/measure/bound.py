"""Bounds of figures as people write them: ">= 92 %", "<= 0.05"."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

_BOUND = re.compile(r"\s*(<=|>=)\s*([0-9]{1,9}(?:\.[0-9]{1,9})?(?:[eE][+-]?[0-9]{1,2})?)\s*(%?)\s*")


@dataclass(frozen=True)
class Bound:
    """A bound on a figure.

    Attributes:
        least: the figure must be at least `value`; otherwise at most.
        value: the bound; a percentage as a share.
        text: as it was written.
    """

    least: bool
    value: float
    text: str

    def holds(self, figure: float) -> bool:
        """Whether a figure is within the bound; NaN is within none."""
        if math.isnan(figure):
            return False
        return figure >= self.value if self.least else figure <= self.value


def parse_bound(text: object) -> Bound:
    """A bound from text.

    Raises:
        ValueError: it is none; the message shows the allowed forms.
    """
    match = _BOUND.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f'{text!r} is not a bound; expected one such as ">= 92 %", ">= 0.92" or "<= 0.05"')
    # As a fraction, because 0.07 is not 7 / 100 for all numbers of digits.
    value = Fraction(match[2]) / (100 if match[3] else 1)
    return Bound(match[1] == ">=", float(value), " ".join(match[0].split()))
