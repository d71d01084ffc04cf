"""The samples of a data set as a model takes them, one at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.datasets.dataset import Dataset
from harness.datasets.errors import DatasetError
from harness.errors import Misuse
from harness.models.steps import Step, as_step
from harness.models.tflite import TensorSpec, TfliteModel

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Sample:
    """One sample.

    Attributes:
        number: from 0.
        steps: inputs of each invoke, in the tensors' own dtypes; one invoke, unless it is a sequence.
        targets: what should come of each step; None where nothing is known of it.
    """

    number: int
    steps: tuple[Step, ...]
    targets: tuple[Array | None, ...]


class Samples:
    """The samples of a data set for one model; made one by one, so that a large set takes no memory.

    Args:
        dataset: the data set.
        model: whose inputs they must fit. A sample's numbers may lie flat, as in a table.
        sequences: each sample is a sequence; its second axis is the step.
        limit: so many samples from the first on; None for all.

    Attributes:
        steps: invokes per sample.
        per_step: whether there is a target for each step of a sequence; else it is for the last one.

    Raises:
        DatasetError: the set does not fit the model.
    """

    def __init__(
        self, dataset: Dataset, model: TfliteModel, *, sequences: bool = False, limit: int | None = None
    ) -> None:
        self.dataset = dataset
        self.model = model
        self._sequences = sequences
        self._count = len(dataset) if limit is None else min(limit, len(dataset))
        if len(dataset.inputs) != len(model.inputs):
            raise self._error(
                f"{len(model.inputs)} input(s) expected, as {model.name} has them, {len(dataset.inputs)} came"
            )
        lengths = {self._length(array, spec) for array, spec in zip(dataset.inputs, model.inputs, strict=True)}
        if len(lengths) != 1:
            raise self._error(f"sequences of the same length expected for all inputs, {sorted(lengths)} came")
        self.steps = lengths.pop()
        targets = dataset.targets
        self.per_step = sequences and targets is not None and targets.ndim > 1 and targets.shape[1] == self.steps
        self._real = [self._is_real(*pair) for pair in zip(dataset.inputs, model.inputs, strict=True)]

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Sample]:
        for number in range(self._count):
            yield Sample(number, tuple(self._steps(number)), self._targets(number))

    def _length(self, array: Array, spec: TensorSpec) -> int:
        size = math.prod(spec.shape)
        if self._sequences:
            if array.ndim > 1 and array.shape[1] and math.prod(array.shape[2:]) == size:
                return int(array.shape[1])
            raise self._error(
                f"sequences of shape (samples, steps, {size} values for {spec.name}) expected, {list(array.shape)} came"
            )
        if math.prod(array.shape[1:]) == size:
            return 1
        maybe = array.ndim > 1 and math.prod(array.shape[2:]) == size
        raise self._error(
            f"samples of {size:,} values expected for {spec.name} {list(spec.shape)}, an array of shape "
            f"{list(array.shape)} came",
            advice="if its second axis is time, say that the samples are sequences" if maybe else None,
        )

    def _is_real(self, array: Array, spec: TensorSpec) -> bool:
        given = self.dataset.real
        if given is not None:
            return given
        if array.dtype.kind == "f" or spec.dtype.kind == "f" or self.dataset.divide != 1:
            return True
        if spec.quantization is not None:
            raise self._error(
                f"{array.dtype.name} values came for the quantised input {spec.name}: whether they are real values or "
                "the tensor's own integers is not known",
                advice="say so: --raw if they are its integers, --divide if they are real (255 for pixels from 0 to 1, "
                "or real: true or false in a case file)",
            )
        return False

    def _steps(self, number: int) -> Iterator[Step]:
        rows = [np.asarray(array[number]) for array in self.dataset.inputs]
        for step in range(self.steps):
            chosen = [row[step] if self._sequences else row for row in rows]
            # Each input by itself: one may be quantised, another not.
            try:
                yield tuple(
                    as_step([self._values(value, spec, real)], [spec], real=real)[0]
                    for value, spec, real in zip(chosen, self.model.inputs, self._real, strict=True)
                )
            except Misuse as error:
                where = f"sample {number}" + (f", step {step}" if self._sequences else "")
                raise self._error(f"{where}: {error.message}") from None

    def _values(self, value: Array, spec: TensorSpec, real: bool) -> Array:
        shaped = np.asarray(value).reshape(spec.shape)
        if real:
            return shaped.astype(np.float64) / self.dataset.divide
        if shaped.dtype != spec.dtype and spec.dtype.kind in "iu":
            # A table's numbers have no dtype of their own; those that the tensor's cannot hold are refused.
            with np.errstate(invalid="ignore"):
                converted = shaped.astype(spec.dtype)
            if not np.array_equal(converted, shaped):
                raise Misuse(f"not all values fit {spec.dtype.name}, the type of {spec.name}")
            return converted
        return shaped

    def _targets(self, number: int) -> tuple[Array | None, ...]:
        targets = self.dataset.targets
        if targets is None:
            return (None,) * self.steps
        of_sample = np.asarray(targets[number])
        if self.per_step:
            return tuple(of_sample[step] for step in range(self.steps))
        return (*(None,) * (self.steps - 1), of_sample)

    def _error(self, message: str, advice: str | None = None) -> DatasetError:
        return DatasetError(f"{self.dataset.path}: {message}", path=self.dataset.path, advice=advice)
