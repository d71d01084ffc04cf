"""Makes the input steps of a case."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from harness.cases.load import Case
from harness.cases.schema import Inputs
from harness.datasets import files
from harness.datasets.errors import DatasetError
from harness.errors import CaseError, Misuse
from harness.models.steps import Array, Step, as_steps
from harness.models.tflite import TensorSpec, TfliteModel

_ADVICE = "real: true takes real values and quantises them; real: false takes the tensor's own"


def make_steps(case: Case, model: TfliteModel) -> list[Step]:
    """The inputs of every step of a case, in the dtypes of the model's tensors.

    Raises:
        CaseError: the file or the values cannot be had, or do not fit the model.
    """
    inputs = case.spec.inputs
    assert inputs is not None
    # Held as 64-bit numbers while they are made.
    most = files.MAX_FILE_BYTES // 8 // max(1, sum(int(np.prod(spec.shape)) for spec in model.inputs))
    if (inputs.steps or 1) > most:
        raise _error(case, f"inputs: at most {most:,} steps of this model's size expected, {inputs.steps:,} are wanted")
    sequence: Iterable[Any]
    if inputs.generator is not None:
        sequence = _generated(case, inputs, model.inputs)
    elif inputs.values is not None:
        if len(model.inputs) != 1:
            raise _error(case, "values need a model of one input; use a file with one key per input")
        sequence = _shaped(case, inputs.values, model.inputs[0], real=inputs.real)
    else:
        sequence = _from_file(case, inputs, model)
    try:
        steps = as_steps(sequence, model.inputs, real=inputs.real)
    except Misuse as error:
        raise _error(case, f"inputs: {error.message}", advice=_ADVICE if inputs.real is False else None) from None
    if not steps:
        raise _error(case, "inputs: at least one step expected, none came")
    return steps


def read_arrays(path: Path, case: Case) -> dict[str, Array]:
    """The arrays of a .npy, .npz or .csv file; that of a file with only one is called "".

    Raises:
        CaseError: there is no such file, or it cannot be read as what its name says.
    """
    try:
        return files.read_arrays(path)
    except DatasetError as error:
        raise _error(case, error.message) from None


def _generated(case: Case, inputs: Inputs, specs: tuple[TensorSpec, ...]) -> list[tuple[Array, ...]]:
    # PCG64 is numpy's default generator; named, so that a change of the default does not change anybody's inputs.
    random = np.random.Generator(np.random.PCG64(inputs.seed))
    low, high = inputs.low, inputs.high
    if not np.isfinite(high - low):
        raise _error(case, f"inputs: low {low:g} and high {high:g} are too far apart")
    steps = []
    for number in range(inputs.steps or 1):
        arrays: list[Array] = []
        for spec in specs:
            if inputs.generator == "uniform":
                array = random.uniform(low, high, spec.shape)
            elif inputs.generator == "normal":
                array = np.clip(random.normal(0.0, 1.0, spec.shape), low, high)
            elif inputs.generator == "ramp":
                array = np.full(spec.shape, low + (high - low) * number / max(1, (inputs.steps or 1) - 1))
            else:
                array = np.full(spec.shape, 1.0 if inputs.generator == "ones" else 0.0)
            arrays.append(array if inputs.real else _raw(case, array, spec))
        steps.append(tuple(arrays))
    return steps


def _raw(case: Case, array: Array, spec: TensorSpec) -> Array:
    """Generated values as the tensor's own, rounded if it holds integers."""
    if spec.dtype.kind not in "iu":
        return array.astype(spec.dtype)
    rounded = np.round(array)
    limits = np.iinfo(spec.dtype)
    if rounded.size and not (limits.min <= rounded.min() and rounded.max() <= limits.max):
        wanted = f"low and high within {limits.min} to {limits.max} expected"
        raise _error(case, f"inputs: {wanted}, the range of {spec.name} ({spec.dtype.name})")
    return rounded.astype(spec.dtype)


def _from_file(case: Case, inputs: Inputs, model: TfliteModel) -> list[tuple[Array, ...]]:
    assert inputs.file is not None
    path = case.resolve(inputs.file)
    arrays = read_arrays(path, case)
    if inputs.key is not None:
        if inputs.key not in arrays:
            names = ", ".join(filter(None, arrays))
            there = f"there are {names}" if names else "leave key out, the file has only one array"
            raise _error(case, f"{path.name} has no array {inputs.key!r}; {there}")
        columns = [arrays[inputs.key]]
    elif len(arrays) == len(model.inputs):
        columns = list(arrays.values())
    else:
        raise _error(case, f"{path.name} has the arrays {', '.join(arrays) or 'none'}; choose one with key")
    if len(columns) != len(model.inputs):
        raise _error(case, f"{path.name}: {len(model.inputs)} arrays expected, one per input, {len(columns)} came")
    if not all(column.ndim for column in columns):
        raise _error(case, f"{path.name}: an array with one row per step expected, a single number came")
    counts = {len(column) for column in columns}
    if len(counts) > 1 and inputs.steps is None:
        raise _error(case, f"{path.name}: arrays of the same number of steps expected, {sorted(counts)} came")
    count = min(counts)
    if inputs.steps is not None and inputs.steps > count:
        raise _error(case, f"{path.name} has {count} steps, {inputs.steps} are wanted")
    shaped = [
        _shaped(case, column[: inputs.steps or count], spec, real=inputs.real)
        for column, spec in zip(columns, model.inputs, strict=True)
    ]
    return list(zip(*shaped, strict=True))


def _shaped(case: Case, values: Any, spec: TensorSpec, *, real: bool) -> list[Array]:
    """One array of the tensor's shape per step; numbers may lie flat, as in a table."""
    try:
        array = np.asarray(values)
        if array.size and array.dtype.kind not in "biuf":
            raise TypeError("numbers expected, and in every step as many")
        if real:
            array = array.astype(np.float64)
        if not real and array.dtype != spec.dtype and array.dtype.kind in "iu":
            # Integers of a table have no dtype of their own; those that do not fit the tensor's are refused.
            converted = array.astype(spec.dtype)
            if not np.array_equal(converted, array):
                raise ValueError(f"not all values fit {spec.dtype.name}")
            array = converted
        elif not real and array.dtype.kind == "f" == spec.dtype.kind:
            array = array.astype(spec.dtype)
        return [row.reshape(spec.shape) for row in array.reshape(len(array), -1 if array.size else 0)]
    except (ValueError, TypeError, OverflowError) as error:
        shape = list(spec.shape)
        raise _error(case, f"inputs: steps of shape {shape} expected for {spec.name}: {error}") from None


def _error(case: Case, message: str, *, advice: str | None = None) -> CaseError:
    return CaseError(message, path=str(case.path), line=case.line, advice=advice)
