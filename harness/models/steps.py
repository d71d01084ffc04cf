"""The inputs of a sequence of invokes, in the one form that sessions and the reference both take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import TensorMismatch
from harness.models.quantization import check_array, quantize
from harness.models.tflite import TensorSpec

Array = npt.NDArray[Any]
Step = tuple[Array, ...]


def as_step(inputs: Sequence[npt.ArrayLike], specs: Sequence[TensorSpec], *, real: bool) -> Step:
    """The inputs of one invoke, checked against the model's input tensors.

    Args:
        inputs: one array per input tensor, of its shape; of its dtype, or with `real` real values.
        specs: the model's input tensors.
        real: quantise the values with the tensor's scale and zero point.

    Raises:
        TensorMismatch: another number of arrays, another shape, another dtype.
    """
    if len(inputs) != len(specs):
        raise TensorMismatch(f"{len(specs)} input(s) expected ({_names(specs)}), {len(inputs)} came")
    arrays = []
    for index, (given, spec) in enumerate(zip(inputs, specs, strict=True)):
        what = f"input {index}"
        try:
            array = np.asarray(given)
            if real and array.dtype.kind not in "biuf":
                raise TypeError(f"{array.dtype} came")
            if real:
                array = array.astype(np.float64)
        except (ValueError, TypeError, OverflowError) as error:
            raise TensorMismatch(f"{what} ({spec.name}): an array of numbers expected: {error}") from None
        if real:
            array = _cast(array, spec, what) if spec.quantization is None else quantize(array, spec)
        arrays.append(check_array(array, spec, what))
    return tuple(arrays)


def as_steps(sequence: Iterable[Any], specs: Sequence[TensorSpec], *, real: bool) -> list[Step]:
    """The inputs of a sequence.

    Args:
        sequence: for a model of one input an array of shape (steps, *input shape) or an iterable of arrays; for a model
            of several inputs an iterable of tuples.
        specs: the model's input tensors.
        real: as in `as_step`.

    Raises:
        TensorMismatch: a step does not fit; the message names it.
    """
    steps = []
    for number, item in enumerate(sequence):
        inputs = item if isinstance(item, tuple) else (item,)
        try:
            steps.append(as_step(inputs, specs, real=real))
        except TensorMismatch as error:
            raise TensorMismatch(f"step {number}: {error.message}") from None
    return steps


def _cast(given: Array, spec: TensorSpec, what: str) -> Array:
    """Real values in the dtype of a tensor that is not quantised."""
    with np.errstate(over="ignore", invalid="ignore"):
        array = given.astype(spec.dtype)
    if spec.dtype.kind in "iub" and not np.array_equal(array, given):
        raise TensorMismatch(
            f"{what} ({spec.name}) is {spec.dtype.name} without quantisation: whole numbers of its range expected, "
            "others came"
        )
    if spec.dtype.kind == "f" and not np.array_equal(np.isinf(array), np.isinf(given)):
        raise TensorMismatch(f"{what} ({spec.name}): values that {spec.dtype.name} can hold expected, larger ones came")
    return array


def _names(specs: Sequence[TensorSpec]) -> str:
    return ", ".join(f"{spec.name} {spec.dtype.name}{list(spec.shape)}" for spec in specs)
