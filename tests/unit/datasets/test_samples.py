"""Samples of a data set, as a model's tensors take them."""

from __future__ import annotations

import numpy as np
import pytest

from harness.datasets.dataset import Dataset
from harness.datasets.errors import DatasetError
from harness.datasets.samples import Samples
from harness.models.quantization import Quantization
from harness.models.tflite import TensorSpec, TfliteModel

# One step is half a unit.
INT8 = TensorSpec("x", (1, 2), np.dtype(np.int8), Quantization(0.5, -1))
FLOAT = TensorSpec("f", (2, 1), np.dtype(np.float32))
INT32 = TensorSpec("i", (2,), np.dtype(np.int32))


def model(*inputs: TensorSpec) -> TfliteModel:
    return TfliteModel("m", b"", "0" * 64, 0, inputs, (FLOAT,), (), 0, 0, 0, "")


def steps(dataset: Dataset, *specs: TensorSpec, **given: object) -> list[list[list[object]]]:
    """Per sample and step the values of the inputs, one after another."""
    found = Samples(dataset, model(*specs), **given)
    return [[[a for array in step for a in array.ravel().tolist()] for step in one.steps] for one in found]


def refused(dataset: Dataset, *specs: TensorSpec, **given: object) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        steps(dataset, *specs, **given)
    assert caught.value.message.startswith("d: ")
    return caught.value


REAL = np.array([[0.0, 1.0], [2.0, 100.0]])


def test_real_values_are_quantised_and_take_the_tensors_shape() -> None:
    assert steps(Dataset("d", (REAL,), None), INT8) == [[[-1, 1]], [[3, 127]]]
    assert steps(Dataset("d", (REAL,), None), FLOAT) == [[[0.0, 1.0]], [[2.0, 100.0]]]
    [first, _] = Samples(Dataset("d", (REAL,), None), model(INT8))
    assert (first.steps[0][0].shape, first.steps[0][0].dtype.name) == ((1, 2), "int8")


def test_pixels_are_divided() -> None:
    pixels = np.array([[0, 255]], np.uint8)
    assert steps(Dataset("d", (pixels,), None, divide=255), FLOAT) == [[[0.0, 1.0]]]
    assert steps(Dataset("d", (pixels,), None, divide=255), INT8) == [[[-1, 1]]]


def test_integers_for_a_quantised_input_are_not_guessed_at() -> None:
    """They may be real values or the tensor's own: one of them would give a plausible, wrong accuracy."""
    whole = np.array([[3, 4]])
    assert "--raw" in refused(Dataset("d", (whole,), None), INT8).advice
    assert steps(Dataset("d", (whole,), None, real=False), INT8) == [[[3, 4]]]
    assert steps(Dataset("d", (whole,), None, real=True), INT8) == [[[5, 7]]]
    assert steps(Dataset("d", (whole,), None), INT32) == [[[3, 4]]]
    assert steps(Dataset("d", (whole,), None), FLOAT) == [[[3.0, 4.0]]]


def test_raw_values_that_do_not_fit() -> None:
    found = refused(Dataset("d", (np.array([[1, 2], [3, 128]]),), None, real=False), INT8)
    assert "sample 1: not all values fit int8" in found.message
    assert steps(Dataset("d", (REAL[:1],), None, real=False), INT8) == [[[0, 1]]]
    assert "not all values fit" in refused(Dataset("d", (REAL[:1] + 0.5,), None, real=False), INT8).message


def test_nan_is_no_input_of_a_quantised_tensor() -> None:
    assert "sample 1: " in refused(Dataset("d", (np.array([[1, 2], [np.nan, 1]]),), None), INT8).message


def test_several_inputs_each_with_its_own_type() -> None:
    found = Dataset("d", (REAL, np.array([[7, 8], [9, 10]])), None)
    assert steps(found, INT8, INT32) == [[[-1, 1, 7, 8]], [[3, 127, 9, 10]]]
    assert "1 input(s) expected, as m has them, 2 came" in refused(found, INT8).message


def test_sequences() -> None:
    found = Dataset("d", (np.arange(12.0).reshape(2, 3, 2),), np.array([[1, 2, 3], [4, 5, 6]]))
    assert steps(found, FLOAT, sequences=True)[1] == [[6, 7], [8, 9], [10, 11]]
    samples = Samples(found, model(FLOAT), sequences=True)
    assert samples.per_step and [int(one) for one in list(samples)[1].targets] == [4, 5, 6]
    assert "say that the samples are sequences" in refused(found, FLOAT).advice
    last = Samples(Dataset("d", found.inputs, np.array([1, 2])), model(FLOAT), sequences=True)
    assert not last.per_step
    assert [[None if one is None else int(one) for one in sample.targets] for sample in last] == [
        [None, None, 1],
        [None, None, 2],
    ]


def test_sequences_of_other_lengths_or_sizes() -> None:
    two = Dataset("d", (np.zeros((1, 3, 2)), np.zeros((1, 4, 2))), None)
    assert "same length expected for all inputs, [3, 4] came" in refused(two, FLOAT, FLOAT, sequences=True).message
    for shape in ((2, 3, 5), (2,), (2, 0, 2)):
        assert "sequences of shape" in refused(Dataset("d", (np.zeros(shape),), None), FLOAT, sequences=True).message
    assert refused(Dataset("d", (np.zeros((2, 5)),), None), FLOAT).message == (
        "d: samples of 2 values expected for f [2, 1], an array of shape [2, 5] came"
    )


def test_a_limit_and_only_what_is_asked_for_is_read() -> None:
    assert len(steps(Dataset("d", (REAL,), None), FLOAT, limit=1)) == 1
    assert len(Samples(Dataset("d", (REAL,), None), model(FLOAT), limit=9)) == 2
    late = np.array([[1, 2], [np.nan, 1]])
    assert next(iter(Samples(Dataset("d", (late,), None), model(INT8)))).number == 0
