"""How far an output may be from what is expected."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.errors import Misuse


@dataclass(frozen=True)
class Tolerance:
    """How far a value may be from the expected one; not at all by default.

    Attributes:
        atol: absolute distance.
        rtol: distance relative to the expected value's magnitude; it adds to `atol`, as in `numpy.isclose`.
        lsb: distance in steps of an integer tensor; not together with the others.
        top1: only the class counts: along the last axis, the index of the greatest value, of equal ones the first. It
            is what a program computes that takes a value only if it is greater than all before. A row with a NaN has
            none. Not together with the others.

    Raises:
        Misuse: a negative, infinite or NaN distance, or two kinds of tolerance.
    """

    atol: float = 0.0
    rtol: float = 0.0
    lsb: int = 0
    top1: bool = False

    def __post_init__(self) -> None:
        for name in ("atol", "rtol"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
                raise Misuse(f"a tolerance of {name}={value!r}: a finite number from 0 is expected")
        if isinstance(self.lsb, bool) or not isinstance(self.lsb, int) or self.lsb < 0:
            raise Misuse(f"a tolerance of {self.lsb!r} LSB: a whole number from 0 is expected")
        if self.lsb and (self.atol or self.rtol):
            raise Misuse("a tolerance in LSB together with atol or rtol: one or the other is expected")
        if self.top1 and (self.lsb or self.atol or self.rtol):
            raise Misuse("a comparison by class (top1) together with a distance: one or the other is expected")

    def describe(self) -> str:
        """In words: "exactly equal", "within 2 LSB", "within 1e-06 + 0.001 * |expected|", "the same class"."""
        if self.top1:
            return "the same class"
        if self.lsb:
            return f"within {self.lsb} LSB"
        if self.atol and self.rtol:
            return f"within {self.atol:g} + {self.rtol:g} * |expected|"
        if self.rtol:
            return f"within {self.rtol:g} * |expected|"
        return f"within {self.atol:g}" if self.atol else "exactly equal"


EXACT = Tolerance()
TOP_1 = Tolerance(top1=True)
