"""Makes the input steps of a case."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from harness.cases.load import Case
from harness.cases.schema import Inputs
from harness.errors import CaseError
from harness.models.steps import Array, Step, as_steps
from harness.models.tflite import TensorSpec, TfliteModel

MAX_FILE_BYTES = 256 * 1024 * 1024


def make_steps(case: Case, model: TfliteModel) -> list[Step]:
    """The inputs of every step of a case, in the dtypes of the model's tensors.

    Raises:
        CaseError: the file or the values cannot be had.
        TensorMismatch: they do not fit the model.
    """
    inputs = case.spec.inputs
    assert inputs is not None
    sequence: Iterable[Any]
    if inputs.generator is not None:
        sequence = _generated(inputs, model.inputs)
    elif inputs.values is not None:
        if len(model.inputs) != 1:
            raise _error(case, "values need a model of one input; use a file with one key per input")
        sequence = _shaped(case, inputs.values, model.inputs[0], real=inputs.real)
    else:
        sequence = _from_file(case, inputs, model)
    steps = as_steps(sequence, model.inputs, real=inputs.real)
    if not steps:
        raise _error(case, "inputs: at least one step expected, none came")
    return steps


def read_arrays(path: Path, case: Case) -> dict[str, Array]:
    """The arrays of a .npy, .npz or .csv file; that of a file with only one is called "".

    Raises:
        CaseError: there is no such file, or it cannot be read as what its name says.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise _error(case, f"{path.name}: at most {MAX_FILE_BYTES:,} bytes expected")
        if path.suffix == ".csv":
            return {"": np.loadtxt(path, delimiter=",", ndmin=2)}
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return {"": loaded}
        with loaded:
            if sum(info.file_size for info in zipfile.ZipFile(path).infolist()) > MAX_FILE_BYTES:
                raise _error(case, f"{path.name}: at most {MAX_FILE_BYTES:,} bytes expected when unpacked")
            return {key: loaded[key] for key in loaded.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise _error(case, f"{path} cannot be read: {error}") from None


def _generated(inputs: Inputs, specs: tuple[TensorSpec, ...]) -> list[tuple[Array, ...]]:
    # PCG64 is numpy's default generator; named, so that a change of the default does not change anybody's inputs.
    random = np.random.Generator(np.random.PCG64(inputs.seed))
    low, high = inputs.low, inputs.high
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
            arrays.append(array if inputs.real else np.round(array).astype(spec.dtype))
        steps.append(tuple(arrays))
    return steps


def _from_file(case: Case, inputs: Inputs, model: TfliteModel) -> list[tuple[Array, ...]]:
    assert inputs.file is not None
    path = case.resolve(inputs.file)
    arrays = read_arrays(path, case)
    if inputs.key is not None:
        if inputs.key not in arrays:
            raise _error(case, f"{path.name} has no array {inputs.key!r}; there are {', '.join(arrays)}")
        columns = [arrays[inputs.key]]
    elif len(arrays) == len(model.inputs):
        columns = list(arrays.values())
    else:
        raise _error(case, f"{path.name} has the arrays {', '.join(arrays)}; choose one with key")
    if len(columns) != len(model.inputs):
        raise _error(case, f"{path.name}: {len(model.inputs)} arrays expected, one per input, {len(columns)} came")
    count = min(len(column) for column in columns) if all(column.ndim for column in columns) else 0
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
        array = np.asarray(values, dtype=np.float64 if real else None)
        if not real and array.dtype != spec.dtype and array.dtype.kind in "iu":
            # Integers of a table have no dtype of their own; those that do not fit the tensor's are refused.
            converted = array.astype(spec.dtype)
            if not np.array_equal(converted, array):
                raise ValueError(f"not all values fit {spec.dtype.name}")
            array = converted
        return [row.reshape(spec.shape) for row in array.reshape(len(array), -1)]
    except (ValueError, TypeError, OverflowError) as error:
        shape = list(spec.shape)
        raise _error(case, f"inputs: steps of shape {shape} expected for {spec.name}: {error}") from None


def _error(case: Case, message: str) -> CaseError:
    return CaseError(message, path=str(case.path), line=case.line)
