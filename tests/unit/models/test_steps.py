import numpy as np
import pytest

from harness.errors import TensorMismatch
from harness.models.quantization import Quantization
from harness.models.steps import as_step, as_steps
from harness.models.tflite import TensorSpec

FLOAT = TensorSpec("x", (1, 2), np.dtype(np.float32), None)
INT8 = TensorSpec("q", (1, 2), np.dtype(np.int8), Quantization(0.5, 10))
PLAIN = TensorSpec("i", (2,), np.dtype(np.int32), None)


def test_real_values_are_quantised_with_the_tensors_own_parameters():
    assert as_step([[[1.0, -1.0]]], [INT8], real=True)[0].tolist() == [[12, 8]]


def test_arrays_in_the_tensors_dtype_are_taken_as_they_are():
    array = np.array([[3, -4]], np.int8)
    assert as_step([array], [INT8], real=False)[0] is array


def test_several_inputs_come_as_tuples():
    steps = as_steps([([[1, 2]], [3, 4]), ([[5, 6]], [7, 8])], [FLOAT, PLAIN], real=True)
    assert [[a.tolist() for a in step] for step in steps] == [[[[1, 2]], [3, 4]], [[[5, 6]], [7, 8]]]


def test_a_step_that_does_not_fit_is_named():
    with pytest.raises(TensorMismatch, match="step 1: .*shape"):
        as_steps([np.zeros((1, 2), np.float32), np.zeros((2, 2), np.float32)], [FLOAT], real=False)


@pytest.mark.parametrize("values", [[1.5, 2], [2**40, 0], [np.nan, 0], [np.inf, 0]])
def test_an_integer_tensor_without_quantisation_takes_whole_numbers_of_its_range(values):
    with pytest.raises(TensorMismatch, match="int32 without quantisation: whole numbers"):
        as_step([values], [PLAIN], real=True)


def test_a_value_that_would_become_infinite_is_refused_and_infinity_is_not():
    with pytest.raises(TensorMismatch, match="float32 can hold"):
        as_step([[[1e300, 0]]], [FLOAT], real=True)
    assert np.isinf(as_step([[[np.inf, 0]]], [FLOAT], real=True)[0][0, 0])


@pytest.mark.parametrize("values", [["a", "b"], [[1], [2, 3]], [None, object()], {"a": 1}])
def test_what_is_no_array_of_numbers_is_refused(values):
    for spec in (FLOAT, INT8, PLAIN):
        with pytest.raises(TensorMismatch):
            as_step([values], [spec], real=True)
        with pytest.raises(TensorMismatch):
            as_step([values], [spec], real=False)


def test_another_number_of_inputs_lists_those_expected():
    with pytest.raises(TensorMismatch, match=r"2 input\(s\) expected \(x float32\[1, 2\], i int32\[2\]\), 1 came"):
        as_step([[[1, 2]]], [FLOAT, PLAIN], real=True)
