"""A data set: inputs, what should come of them, and how their numbers are meant."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.datasets.errors import DatasetError
from harness.datasets.files import read_arrays
from harness.datasets.table import read_table

Array = npt.NDArray[Any]

INPUT_KEYS = ("x", "inputs")
TARGET_KEYS = ("y", "labels", "targets")
CLASSES_KEY = "classes"
_MAX_CLASSES = 65_536


@dataclass(frozen=True)
class Dataset:
    """Inputs and targets; the first axis of each is the sample. Large ones may still lie on disk.

    Attributes:
        path: where they are from, for messages.
        inputs: one array per input tensor of the model.
        targets: labels (whole numbers: indices of outputs) or values; None if the set has none.
        classes: names of the labels 0, 1, ...; may be empty.
        divide: what the inputs are divided by to be real values: 255 for pixels.
        real: the inputs are real values, to be quantised; False: they are the tensors' own integers; None: nobody has
            said, and only what can mean but one thing is taken.
    """

    path: str
    inputs: tuple[Array, ...]
    targets: Array | None
    classes: tuple[str, ...] = ()
    divide: float = 1.0
    real: bool | None = None

    def __post_init__(self) -> None:
        every = [*self.inputs, *([] if self.targets is None else [self.targets])]
        if not self.inputs or any(array.ndim == 0 for array in every):
            raise DatasetError(f"{self.path}: arrays with one row per sample expected", path=self.path)
        counts = sorted({len(array) for array in every})
        if len(counts) > 1:
            raise DatasetError(
                f"{self.path}: as many targets as inputs expected, {' and '.join(map(str, counts))} came",
                path=self.path,
            )
        if counts == [0]:
            raise DatasetError(f"{self.path}: at least one sample expected, none came", path=self.path)
        if any(array.dtype.kind not in "biuf" for array in self.inputs):
            raise DatasetError(f"{self.path}: inputs that are numbers expected", path=self.path)
        if isinstance(self.divide, bool) or not math.isfinite(self.divide) or self.divide <= 0:
            raise DatasetError(f"inputs divided by {self.divide!r}: a number above 0 expected", path=self.path)
        if self.divide != 1 and self.real is False:
            raise DatasetError("raw inputs are not divided: they are the tensor's own integers", path=self.path)

    def __len__(self) -> int:
        return len(self.inputs[0])


def load_dataset(
    path: str | Path,
    labels: str | Path | None = None,
    *,
    inputs: str | Sequence[str] | None = None,
    targets: str | None = None,
    classes: Sequence[str] = (),
    divide: float = 1.0,
    real: bool | None = None,
    labelled: bool = True,
) -> Dataset:
    """Reads a data set.

    Args:
        path: .npz with the arrays x and y (or inputs, and labels or targets), .npy with inputs, or .csv, in which one
            column holds the labels and all others the inputs.
        labels: a file of its own for the targets.
        inputs: name of the array in an .npz, or names, one per input tensor.
        targets: name of the array in an .npz; name or number of the column in a .csv.
        classes: names of the labels 0, 1, ...; an .npz may have them as the array `classes`.
        divide: what inputs are divided by to be real values.
        real: see `Dataset`.
        labelled: whether there must be targets.

    Raises:
        DatasetError: a file cannot be read, or lacks what was named.
    """
    path = Path(path)
    own_targets = labelled and labels is None
    found: Array | None = None
    names = tuple(classes)
    if path.suffix == ".csv":
        if inputs is not None:
            raise DatasetError(f"{path.name}: a .csv has no names of inputs", path=str(path))
        table = read_table(path, targets if own_targets else None, labelled=own_targets)
        columns = [table.numbers()]
        found = table.label_array() if own_targets else None
    else:
        arrays = read_arrays(path, mapped=True)
        columns = _inputs(path, arrays, inputs)
        if own_targets:
            found = _chosen(path, arrays, targets, TARGET_KEYS, "targets")
        names = names or _class_names(path, arrays)
    if labels is not None:
        found = _label_file(Path(labels), targets)
    if len(names) > _MAX_CLASSES or len(set(names)) != len(names):
        raise DatasetError(f"{path.name}: at most {_MAX_CLASSES:,} different names of classes expected", path=str(path))
    if found is not None:
        found = _as_numbers(path, found, names)
    return Dataset(path.name, tuple(columns), found, names, divide, real)


def _inputs(path: Path, arrays: dict[str, Array], wanted: str | Sequence[str] | None) -> list[Array]:
    if "" in arrays and wanted is None:
        return [arrays[""]]
    if wanted is None or isinstance(wanted, str):
        return [_chosen(path, arrays, wanted, INPUT_KEYS, "inputs")]
    return [_chosen(path, arrays, name, (), "inputs") for name in wanted]


def _chosen(path: Path, arrays: dict[str, Array], wanted: str | None, usual: Sequence[str], what: str) -> Array:
    keys = usual if wanted is None else (wanted,)
    found = next((arrays[key] for key in keys if key in arrays), None)
    if found is not None:
        return found
    if "" in arrays:
        raise DatasetError(
            f"{path.name} has one array, and no {what} beside it",
            path=str(path),
            advice="give the targets in a file of their own (labels), or both in one .npz with the arrays x and y",
        )
    there = ", ".join(map(repr, arrays)) or "none"
    raise DatasetError(
        f"{path.name}: an array {' or '.join(keys)} with the {what} expected, there are {there}", path=str(path)
    )


def _label_file(path: Path, key: str | None) -> Array:
    if path.suffix == ".csv":
        table = read_table(path, key or "-1")
        if table.columns:
            raise DatasetError(
                f"{path.name}: one column, of labels, expected, {table.columns + 1} came", path=str(path)
            )
        return table.label_array()
    arrays = read_arrays(path, mapped=True)
    return arrays[""] if "" in arrays and key is None else _chosen(path, arrays, key, TARGET_KEYS, "targets")


def _class_names(path: Path, arrays: dict[str, Array]) -> tuple[str, ...]:
    found = arrays.get(CLASSES_KEY)
    if found is None:
        return ()
    if found.ndim != 1 or found.dtype.kind != "U":
        raise DatasetError(f"{path.name}: {CLASSES_KEY}: a list of texts expected", path=str(path))
    return tuple(str(name) for name in found)


def _as_numbers(path: Path, targets: Array, classes: tuple[str, ...]) -> Array:
    """Labels that are names of classes become their numbers."""
    if targets.dtype.kind in "biuf":
        return targets
    if targets.dtype.kind != "U":
        raise DatasetError(f"{path.name}: targets that are numbers or names of classes expected", path=str(path))
    if not classes:
        raise DatasetError(
            f"{path.name}: the labels are names; which output each one belongs to is not known",
            path=str(path),
            advice="give the names of the classes in the order of the model's outputs",
        )
    numbers = {name: number for number, name in enumerate(classes)}
    unknown = next((str(label) for label in targets.ravel() if str(label) not in numbers), None)
    if unknown is not None:
        raise DatasetError(f"{path.name}: label {unknown[:40]!r} is none of the classes", path=str(path))
    flat = [numbers[str(label)] for label in targets.ravel()]
    return np.array(flat, np.int64).reshape(targets.shape)
