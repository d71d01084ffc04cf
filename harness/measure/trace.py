"""Single elements of outputs over the steps of a sequence, to be drawn beside what was expected."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.measure.compare import Affine, Array, SequenceDifference

MAX_POINTS = 512
# Of one comparison; the first element that differs comes besides.
_OUTPUTS = 2
_ELEMENTS = 2


@dataclass(frozen=True)
class Trace:
    """One element, as it came and as it was expected.

    Attributes:
        what: what it was compared with.
        output: number of the output, from 0.
        element: of the output's flattened elements, from 0.
        first: the step of the first value, from 0.
        steps: of the whole sequence.
        values: as they came, real values where the output has a quantisation; None for what is no finite number.
        expected: as they should have come; None likewise.
    """

    what: str
    output: int
    element: int
    first: int
    steps: int
    values: tuple[float | None, ...]
    expected: tuple[float | None, ...]


def traces(
    what: str,
    actual: Sequence[Sequence[Array]],
    expected: Sequence[Sequence[Array]],
    meaning: Sequence[Affine | None],
    difference: SequenceDifference | None,
) -> Iterator[Trace]:
    """The first elements of the first outputs, and the first element that differs.

    At most `MAX_POINTS` steps of them are kept: the first ones, or those around the first that differs.

    Args:
        what: what `expected` is.
        actual: per step an array for each output.
        expected: the same.
        meaning: each output's quantisation, None for one without.
        difference: how they differ, if they do.
    """
    steps = min(len(actual), len(expected))
    if steps == 0:
        return
    at = 0 if difference is None else difference.step
    first = max(0, min(at - MAX_POINTS // 2, steps - MAX_POINTS))
    wanted = [
        (output, element)
        for output, array in enumerate(actual[0][:_OUTPUTS])
        for element in range(min(_ELEMENTS, np.size(array)))
    ]
    if difference is not None and difference.output is not None and difference.index is not None and at < steps:
        shape = np.shape(actual[at][difference.output])
        # Where only the class counts, it is a row that differs: its first element then.
        index = (*difference.index, *[0] * (len(shape) - len(difference.index)))
        differing = (difference.output, int(np.ravel_multi_index(index, shape)) if shape else 0)
        wanted += [differing] * (differing not in wanted)
    for output, element in wanted:
        quantization = meaning[output] if output < len(meaning) else None
        values = _values(actual[first : first + MAX_POINTS], output, element, quantization)
        others = _values(expected[first : first + MAX_POINTS], output, element, quantization)
        yield Trace(what, output, element, first, len(actual), values, others)


def _values(
    steps: Sequence[Sequence[Array]], output: int, element: int, quantization: Affine | None
) -> tuple[float | None, ...]:
    return tuple(_value(step, output, element, quantization) for step in steps)


def _value(step: Sequence[Array], output: int, element: int, quantization: Affine | None) -> float | None:
    flat = np.ravel(step[output]) if output < len(step) else ()
    if element >= len(flat):
        return None
    raw = flat[element]
    value = float(raw) if quantization is None else quantization.scale * (float(raw) - quantization.zero_point)
    return value if math.isfinite(value) else None
