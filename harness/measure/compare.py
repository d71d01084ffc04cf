"""Compares outputs with what was expected, and says since when, where and by how much they differ."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import Misuse

Array = npt.NDArray[Any]

_LINE = 64
_LINES = 8


@dataclass(frozen=True)
class Tolerance:
    """How far a value may be from the expected one; not at all by default.

    Attributes:
        atol: absolute distance.
        rtol: distance relative to the expected value's magnitude; it adds to `atol`, as in `numpy.isclose`.
        lsb: distance in steps of an integer tensor; not together with the others.

    Raises:
        Misuse: a negative, infinite or NaN distance, or LSB with others.
    """

    atol: float = 0.0
    rtol: float = 0.0
    lsb: int = 0

    def __post_init__(self) -> None:
        for name in ("atol", "rtol"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
                raise Misuse(f"a tolerance of {name}={value!r}: a finite number from 0 is expected")
        if isinstance(self.lsb, bool) or not isinstance(self.lsb, int) or self.lsb < 0:
            raise Misuse(f"a tolerance of {self.lsb!r} LSB: a whole number from 0 is expected")
        if self.lsb and (self.atol or self.rtol):
            raise Misuse("a tolerance in LSB together with atol or rtol: one or the other is expected")

    def describe(self) -> str:
        """In words: "exactly equal", "within 2 LSB", "within 1e-06 + 0.001 * |expected|"."""
        if self.lsb:
            return f"within {self.lsb} LSB"
        if self.atol and self.rtol:
            return f"within {self.atol:g} + {self.rtol:g} * |expected|"
        if self.rtol:
            return f"within {self.rtol:g} * |expected|"
        return f"within {self.atol:g}" if self.atol else "exactly equal"


EXACT = Tolerance()


@dataclass(frozen=True)
class Difference:
    """How one array differs from another.

    Attributes:
        index: of the first element that differs, in C order; None if shape or dtype differ.
        actual: its value, or None.
        expected: its expected value, or None.
        worst: greatest distance of the elements that differ; inf where NaN or infinity is on one side only; None with
            `reason`.
        worst_lsb: the same in steps, for integers; None otherwise.
        count: how many elements differ.
        size: how many elements there are.
        reason: in words, if it is not the values that differ but shape, dtype or number.
    """

    index: tuple[int, ...] | None
    actual: Any
    expected: Any
    worst: float | int | None
    worst_lsb: int | None
    count: int
    size: int
    reason: str = ""

    def __str__(self) -> str:
        if self.reason:
            return self.reason
        return (
            f"at {list(self.index or ())} {self.expected!r} expected, {self.actual!r} came; "
            f"{self.count:,} of {self.size:,} elements differ, by at most {_distance(self.worst, self.worst_lsb)}"
        )


@dataclass(frozen=True)
class SequenceDifference:
    """How a sequence of outputs differs from another. Steps and outputs are counted from 0.

    Attributes:
        step: the first step that differs.
        output: its first output that differs; None if the number of outputs or steps differs.
        first: how that output differs.
        marks: one character per step: "." equal, "#" different, "-" only in one of the sequences.
        differing_elements: over all steps that both sequences have.
        elements: of all compared outputs.
        worst: greatest distance over all steps, as in `Difference`; None if no compared values differ.
        worst_lsb: the same in steps, for integers.
    """

    step: int
    output: int | None
    first: Difference
    marks: str
    differing_elements: int
    elements: int
    worst: float | int | None
    worst_lsb: int | None

    @property
    def index(self) -> tuple[int, ...] | None:
        """Of the first element that differs, in its output."""
        return self.first.index

    @property
    def actual(self) -> Any:
        """The first differing element's value."""
        return self.first.actual

    @property
    def expected(self) -> Any:
        """The first differing element's expected value."""
        return self.first.expected

    @property
    def differing_steps(self) -> int:
        """How many steps differ, those that one of the sequences lacks included."""
        return len(self.marks) - self.marks.count(".")

    def picture(self) -> str:
        """The steps as marks, 64 per line, from the line of the first difference on; few lines, however many steps."""
        start = self.step // _LINE * _LINE
        width = len(str(len(self.marks)))
        lines = [
            f"step {at:>{width}} {self.marks[at : at + _LINE]}"
            for at in range(start, min(start + _LINE * _LINES, len(self.marks)), _LINE)
        ]
        rest = len(self.marks) - start - _LINE * _LINES
        if rest > 0:
            lines.append(f"... and {rest:,} more steps")
        return "\n".join(lines)

    def __str__(self) -> str:
        where = f"step {self.step}" + ("" if self.output is None else f", output {self.output}")
        lines = [
            f"first difference at {where} (counted from 0): {self.first}",
            f"{self.differing_steps:,} of {len(self.marks):,} steps differ",
        ]
        if self.worst is not None:
            lines[-1] += (
                f", {self.differing_elements:,} of {self.elements:,} elements, by at most "
                f"{_distance(self.worst, self.worst_lsb)}"
            )
        return "\n".join([*lines, self.picture()])


def compare(actual: Array, expected: Array, tolerance: Tolerance = EXACT) -> Difference | None:
    """The difference of two arrays, None if there is none within the tolerance.

    NaN equals NaN, and infinity itself, with every tolerance; -0.0 equals 0.0.

    Raises:
        Misuse: an LSB tolerance for arrays that do not hold integers, or arrays that do not hold numbers.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    for array in (actual, expected):
        if array.dtype.kind not in "biufc":
            raise Misuse(f"arrays of numbers can be compared, one of dtype {array.dtype} came")
    size = int(expected.size)
    for what, came, wanted in (
        ("shape", list(actual.shape), list(expected.shape)),
        ("dtype", actual.dtype.name, expected.dtype.name),
    ):
        if came != wanted:
            return Difference(None, None, None, None, None, size, size, f"{what} {wanted} expected, {came} came")
    if tolerance.lsb and not _is_integer(actual):
        raise Misuse(f"a tolerance in LSB for {actual.dtype.name} values", advice="give atol or rtol instead")
    if _is_integer(actual):
        distance = _integer_distance(actual, expected)
        differs = _outside(distance, distance != 0, expected, tolerance)
    else:
        distance, equal = _float_distance(actual, expected)
        differs = _outside(distance, ~equal, expected, tolerance)
    differs = np.asarray(differs)
    count = int(np.count_nonzero(differs))
    if count == 0:
        return None
    index = tuple(int(axis) for axis in np.unravel_index(int(np.argmax(differs)), differs.shape))
    worst = np.max(distance[differs]).item()
    return Difference(
        index,
        actual[index].item(),
        expected[index].item(),
        worst,
        worst if _is_integer(actual) else None,
        count,
        size,
    )


def compare_sequences(
    actual: Sequence[Sequence[Array]], expected: Sequence[Sequence[Array]], tolerance: Tolerance = EXACT
) -> SequenceDifference | None:
    """The difference of two sequences of outputs (steps, outputs, elements), None if none exceeds the tolerance.

    Raises:
        Misuse: see `compare`.
    """
    marks = []
    found: tuple[int, int | None, Difference] | None = None
    differing = elements = 0
    worst: float | int | None = None
    worst_lsb: int | None = None
    for step, (came, wanted) in enumerate(zip(actual, expected, strict=False)):
        mark = "."
        if len(came) != len(wanted):
            mark = "#"
            reason = f"{len(wanted):,} outputs expected, {len(came):,} came"
            found = found or (step, None, Difference(None, None, None, None, None, 0, 0, reason))
        for output, (one, other) in enumerate(zip(came, wanted, strict=False)):
            elements += int(np.asarray(other).size)
            difference = compare(one, other, tolerance)
            if difference is None:
                continue
            mark = "#"
            found = found or (step, output, difference)
            differing += difference.count
            worst = _greater(worst, difference.worst)
            worst_lsb = _greater(worst_lsb, difference.worst_lsb)
        marks.append(mark)
    common, longest = len(marks), max(len(actual), len(expected))
    if common < longest:
        reason = f"{len(expected):,} steps expected, {len(actual):,} came"
        found = found or (common, None, Difference(None, None, None, None, None, 0, 0, reason))
    if found is None:
        return None
    text = "".join(marks) + "-" * (longest - common)
    return SequenceDifference(*found, text, differing, elements, worst, worst_lsb)


def _is_integer(array: Array) -> bool:
    return array.dtype.kind in "biu"


def _integer_distance(actual: Array, expected: Array) -> Array:
    """|actual - expected| as uint64, exact for every integer type: the difference of two int8 is no int8."""
    if actual.dtype.kind == "b":
        actual, expected = actual.astype(np.uint8), expected.astype(np.uint8)
    # Modulo 2**64 the greater one minus the smaller one is right even where an operand was negative.
    ahead, behind = actual.astype(np.uint64), expected.astype(np.uint64)
    return np.asarray(np.where(actual > expected, ahead - behind, behind - ahead))


def _float_distance(actual: Array, expected: Array) -> tuple[Array, Array]:
    """|actual - expected|, inf where one side is not finite, and where both are equal."""
    wide = np.complex128 if actual.dtype.kind == "c" else np.float64
    left, right = actual.astype(wide), expected.astype(wide)
    equal = (left == right) | (np.isnan(left) & np.isnan(right))
    finite = np.isfinite(left) & np.isfinite(right)
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.where(equal, 0.0, np.where(finite, np.abs(left - right), np.inf))
    return np.asarray(distance), np.asarray(equal)


def _outside(distance: Array, unequal: Array, expected: Array, tolerance: Tolerance) -> Array:
    if tolerance.lsb:
        # Beyond 2**64 - 1 no two integers are apart.
        return np.asarray(distance > np.uint64(min(tolerance.lsb, 2**64 - 1)))
    if not (tolerance.atol or tolerance.rtol):
        return unequal
    with np.errstate(invalid="ignore", over="ignore"):
        magnitude = np.abs(expected.astype(np.complex128 if expected.dtype.kind == "c" else np.float64))
        bound = tolerance.atol + tolerance.rtol * magnitude
        far = ~(distance <= bound)
    # An infinite expected value would make every finite one acceptable.
    return np.asarray(unequal & (far | np.isinf(distance)))


def _greater(one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else max(one, other)


def _distance(worst: float | int | None, worst_lsb: int | None) -> str:
    if worst_lsb is not None:
        return f"{worst_lsb:,} LSB"
    return "nothing" if worst is None else f"{worst:.6g}"
