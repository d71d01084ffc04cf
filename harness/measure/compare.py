"""Compares outputs with what was expected, and says since when, where and by how much they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from harness.errors import Misuse
from harness.measure.picture import marks_in_lines, plot
from harness.measure.tolerance import EXACT, Tolerance

Array = npt.NDArray[Any]


class Affine(Protocol):
    """How integers stand for real values: `scale * (raw - zero_point)`."""

    @property
    def scale(self) -> float: ...

    @property
    def zero_point(self) -> int: ...


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
        real: the real values that `expected` and `actual` stand for, where they are quantised and it is known how.
        scores: compared by class (`index` is that of the row, the values are classes, distances are None): the values
            that came for the expected class and for the one that came; None otherwise.
    """

    index: tuple[int, ...] | None
    actual: Any
    expected: Any
    worst: float | int | None
    worst_lsb: int | None
    count: int
    size: int
    reason: str = ""
    real: tuple[float, float] | None = None
    scores: tuple[Any, Any] | None = None

    @property
    def lsb(self) -> int | None:
        """Distance of the first element that differs, in steps; None where it has none."""
        return None if self.worst_lsb is None else abs(int(self.actual) - int(self.expected))

    def __str__(self) -> str:
        if self.reason:
            return self.reason
        where = f"at {list(self.index or ())}"
        if self.scores is not None:
            return (
                f"{where} {_class(self.expected)} expected, {_class(self.actual)} came, whose values are "
                f"{self.scores[0]!r} and {self.scores[1]!r}; {self.count:,} of {self.size:,} classes differ"
            )
        came = f"{where} {self.expected!r} expected, {self.actual!r} came"
        if self.lsb is not None:
            came += f": {self.lsb:,} LSB"
        if self.real is not None:
            came += f" ({self.real[0]:.6g} and {self.real[1]:.6g} as real values)"
        return (
            f"{came}; {self.count:,} of {self.size:,} elements differ, "
            f"by at most {_distance(self.worst, self.worst_lsb)}"
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
        elements_picture: which elements of the first differing output differ, and how it went on, in text.
    """

    step: int
    output: int | None
    first: Difference
    marks: str
    differing_elements: int
    elements: int
    worst: float | int | None
    worst_lsb: int | None
    elements_picture: str = ""

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
        return marks_in_lines("step", self.marks, self.step)

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
        return "\n".join(filter(None, [*lines, self.picture(), self.elements_picture]))


def compare(
    actual: Array, expected: Array, tolerance: Tolerance = EXACT, quantization: Affine | None = None
) -> Difference | None:
    """The difference of two arrays, None if there is none within the tolerance.

    NaN equals NaN, and infinity itself, with every tolerance; -0.0 equals 0.0.

    Args:
        actual: what came.
        expected: what should have come.
        tolerance: exact by default.
        quantization: what integers stand for; the difference then tells real values too.

    Raises:
        Misuse: an LSB tolerance for arrays that do not hold integers, a comparison by class of what has no classes, or
            arrays that do not hold numbers.
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
    if tolerance.top1:
        return _compare_classes(actual, expected)
    if tolerance.lsb and not _is_integer(actual):
        raise Misuse(f"a tolerance in LSB for {actual.dtype.name} values", advice="give atol or rtol instead")
    differs, distance = _differing(actual, expected, tolerance)
    count = int(np.count_nonzero(differs))
    if count == 0:
        return None
    index = tuple(int(axis) for axis in np.unravel_index(int(np.argmax(differs)), differs.shape))
    worst = np.max(distance[differs]).item()
    came, wanted = actual[index].item(), expected[index].item()
    real = None
    if quantization is not None and _is_integer(actual):
        wanted_real, came_real = (quantization.scale * (int(raw) - quantization.zero_point) for raw in (wanted, came))
        real = (wanted_real, came_real)
    worst_lsb = worst if _is_integer(actual) else None
    return Difference(index, came, wanted, worst, worst_lsb, count, size, real=real)


def classes_of(array: Array) -> Array:
    """The class of each row of the last axis: the index of its greatest value, of equal ones the first; -1 if it has a
    NaN.

    Raises:
        Misuse: a row has less than two values, or values without an order.
    """
    if array.ndim == 0 or array.shape[-1] < 2 or array.dtype.kind == "c":
        raise Misuse(
            f"a comparison by class (top-1) of an output of shape {list(array.shape)} and type {array.dtype.name}: "
            "at least two real values in its last axis expected",
            advice="compare with a tolerance instead: absolute, relative or lsb",
        )
    if array.size == 0:
        return np.zeros(array.shape[:-1], np.int64)
    found = np.argmax(array, axis=-1)
    return np.asarray(np.where(np.isnan(array).any(axis=-1), -1, found) if array.dtype.kind == "f" else found)


def compare_sequences(
    actual: Sequence[Sequence[Array]],
    expected: Sequence[Sequence[Array]],
    tolerance: Tolerance = EXACT,
    quantization: Sequence[Affine | None] = (),
) -> SequenceDifference | None:
    """The difference of two sequences of outputs (steps, outputs, elements), None if none exceeds the tolerance.

    Args:
        actual: what came.
        expected: what should have come.
        tolerance: exact by default.
        quantization: per output what its integers stand for; none if it is left out.

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
            meaning = quantization[output] if output < len(quantization) else None
            difference = compare(one, other, tolerance, meaning)
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
    picture = _elements_picture(actual, expected, *found, tolerance)
    return SequenceDifference(*found, text, differing, elements, worst, worst_lsb, picture)


def _compare_classes(actual: Array, expected: Array) -> Difference | None:
    came, wanted = classes_of(actual), classes_of(expected)
    differs = came != wanted
    count = int(np.count_nonzero(differs))
    if count == 0:
        return None
    index = tuple(int(axis) for axis in np.unravel_index(int(np.argmax(differs)), differs.shape))
    # A row without a class is shown with its first value.
    scores = (actual[index][max(0, wanted[index])].item(), actual[index][max(0, came[index])].item())
    return Difference(index, int(came[index]), int(wanted[index]), None, None, count, int(differs.size), scores=scores)


def _class(number: int) -> str:
    return "no class (NaN)" if number < 0 else f"class {number}"


def _elements_picture(
    actual: Sequence[Sequence[Array]],
    expected: Sequence[Sequence[Array]],
    step: int,
    output: int | None,
    first: Difference,
    tolerance: Tolerance,
) -> str:
    """What the first differing output looks like: its elements as marks, and the first of them that differs over all
    steps as two curves; of a single step, its elements as curves."""
    if output is None or first.index is None:
        return ""
    view = classes_of if tolerance.top1 else np.asarray
    came, wanted = view(actual[step][output]), view(expected[step][output])
    differs = came != wanted if tolerance.top1 else _differing(came, wanted, tolerance)[0]
    shape = np.shape(expected[step][output])
    title = f"{'class' if tolerance.top1 else 'value'} at {list(first.index)} of output {output}"
    if min(len(actual), len(expected)) > 1:
        alike = [
            (one[output], other[output])
            for one, other in zip(actual, expected, strict=False)
            if min(len(one), len(other)) > output and np.shape(one[output]) == np.shape(other[output]) == shape
        ]
        curves = (
            [float(view(other)[first.index]) for _, other in alike],
            [float(view(one)[first.index]) for one, _ in alike],
        )
        drawing = plot(*curves, step, "step")
    else:
        title = f"output {output}, element by element"
        drawing = plot(wanted.ravel().tolist(), came.ravel().tolist(), int(np.argmax(differs)), "element")
    parts = [f"{title}:", drawing] if drawing else []
    if first.size > 1:
        marks = "".join("#" if mark else "." for mark in differs.ravel())
        parts = [f"output {output} of step {step}:", marks_in_lines("element", marks, marks.index("#")), *parts]
    return "\n".join(parts)


def _differing(actual: Array, expected: Array, tolerance: Tolerance) -> tuple[Array, Array]:
    """Which elements differ by more than the tolerance, and the distances of all."""
    if _is_integer(actual):
        distance = _integer_distance(actual, expected)
        return np.asarray(_outside(distance, distance != 0, expected, tolerance)), distance
    distance, equal = _float_distance(actual, expected)
    return np.asarray(_outside(distance, ~equal, expected, tolerance)), distance


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
