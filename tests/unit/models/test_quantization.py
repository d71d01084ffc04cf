"""Real values to raw ones and back, with literal numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import Misuse, TensorMismatch
from harness.models.quantization import Quantization, check_array, dequantize, quantize
from harness.models.tflite import TensorSpec


def spec(shape: tuple[int, ...], dtype: str = "int8", scale: float | None = 0.5, zero_point: int = 0) -> TensorSpec:
    quantization = None if scale is None else Quantization(scale, zero_point)
    return TensorSpec("x", shape, np.dtype(dtype), quantization)


@pytest.mark.parametrize(
    ("real", "raw"),
    [
        (0.0, 0),
        (0.5, 1),
        (1.0, 2),
        # Half of a step: away from zero, not to even.
        (0.25, 1),
        (0.75, 2),
        (1.25, 3),
        (-0.25, -1),
        (-0.75, -2),
        (0.24999, 0),
        (-0.24999, 0),
        (63.5, 127),
        (64.0, 127),
        (1e30, 127),
        (1e300, 127),
        (-64.0, -128),
        (-64.5, -128),
        (float("inf"), 127),
        (float("-inf"), -128),
    ],
)
def test_rounding_and_saturation(real: float, raw: int) -> None:
    assert quantize([real], spec((1,))).tolist() == [raw]


def test_just_below_half_is_not_rounded_up() -> None:
    """0.49999997 + 0.5 is 1.0 in float32."""
    assert quantize([np.float32(0.49999997)], spec((1,), scale=1.0)).tolist() == [0]


def test_division_is_in_float32() -> None:
    """0.25 / float32(0.1) is 2.49999996 in float64 and 2.5 in float32, as TFLM divides."""
    scale = float(np.float32(0.1))
    assert 0.25 / scale < 2.5
    assert quantize([0.25], spec((1,), scale=scale)).tolist() == [3]


def test_zero_point() -> None:
    assert quantize([[-1.0, 0.0, 1.0]], spec((1, 3), zero_point=-128)).tolist() == [[-128, -128, -126]]
    assert quantize([[-1.0, 0.0, 1.0]], spec((1, 3), "uint8", 1.0, 128)).tolist() == [[127, 128, 129]]


def test_other_dtypes() -> None:
    assert quantize([-1.0, 1.0, 9.0], spec((3,), "int16", 2.0**-15)).tolist() == [-32768, 32767, 32767]
    assert quantize([-1e30, 1.0, 1e30], spec((3,), "int32", 1.0)).tolist() == [-(2**31), 1, 2**31 - 1]
    assert quantize([-1e30, 1.0, 1e30], spec((3,), "int64", 1.0)).tolist() == [-(2**63), 1, 2**63 - 1]
    assert quantize([-(2.0**63), 2.0**63], spec((2,), "int64", 1.0)).tolist() == [-(2**63), 2**63 - 1]


def test_scalar_stays_a_scalar() -> None:
    raw = quantize(1.0, spec(()))
    assert (raw.shape, raw.dtype, int(raw)) == ((), np.dtype("int8"), 2)
    real = dequantize(raw, spec(()))
    assert (real.shape, real.dtype, float(real)) == ((), np.dtype("float32"), 1.0)
    assert isinstance(raw, np.ndarray)
    assert isinstance(real, np.ndarray)


def test_nan_is_misuse_and_is_located() -> None:
    with pytest.raises(Misuse, match=r"x: the value at \[1, 0\] is NaN"):
        quantize([[1.0, 2.0], [float("nan"), 3.0]], spec((2, 2)))


def test_float_tensors_are_converted_only() -> None:
    raw = quantize([1.5, float("nan")], spec((2,), "float32", None))
    assert raw.dtype == np.float32
    assert raw[0] == 1.5
    assert np.isnan(raw[1])
    assert dequantize(raw, spec((2,), "float32", None))[0] == 1.5


def test_without_quantisation() -> None:
    with pytest.raises(Misuse, match="int16 tensor without quantisation"):
        quantize([1.0], spec((1,), "int16", None))
    with pytest.raises(Misuse, match="without quantisation"):
        dequantize(np.zeros(1, np.int16), spec((1,), "int16", None))


def test_quantize_wants_the_shape() -> None:
    with pytest.raises(TensorMismatch, match=r"shape \[1, 4\] expected, \[4\] came") as caught:
        quantize([1.0, 2.0, 3.0, 4.0], spec((1, 4)))
    assert "reshape((1, 4))" in caught.value.advice


@pytest.mark.parametrize("given_", [["a"], [1 + 2j], [None]])
def test_quantize_wants_numbers(given_: Any) -> None:
    with pytest.raises(TensorMismatch, match="real numbers expected"):
        quantize(given_, spec((1,)))


def test_dequantize() -> None:
    raw = np.array([[-128, 0, 127]], np.int8)
    real = dequantize(raw, spec((1, 3), scale=0.25, zero_point=-128))
    assert real.dtype == np.float32
    assert real.tolist() == [[0.0, 32.0, 63.75]]


@given(st.integers(-128, 127), st.integers(-128, 127), st.floats(2**-20, 1024, width=32))
def test_back_and_forth(raw: int, zero_point: int, scale: float) -> None:
    tensor = spec((1,), scale=scale, zero_point=zero_point)
    array = np.array([raw], np.int8)
    assert quantize(dequantize(array, tensor), tensor).tolist() == [raw]


# --- check_array ----------------------------------------------------------------------------------------------------


def test_a_fitting_array_is_returned_itself() -> None:
    array = np.zeros((2, 3), np.int8)
    assert check_array(array, spec((2, 3)), "input 0") is array


def test_scalar_is_not_made_one_dimensional() -> None:
    assert check_array(np.array(3, np.int8), spec(()), "input 0").shape == ()
    assert check_array(np.int8(3), spec(()), "input 0").shape == ()  # type: ignore[arg-type]


def test_strides_and_byte_order_are_normalised() -> None:
    turned = np.arange(6, dtype=">i2").reshape(3, 2).T
    array = check_array(turned, spec((2, 3), "<i2"), "input 0")
    assert array.flags.c_contiguous
    assert array.dtype.str == "<i2"
    assert array.tobytes() == bytes([0, 0, 2, 0, 4, 0, 1, 0, 3, 0, 5, 0])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4,), np.int8), r"input 2 \(x\): shape \[1, 4\] expected, \[4\] came"),
        (np.zeros((1, 5), np.int8), r"input 2 \(x\): shape \[1, 4\] expected, \[1, 5\] came"),
        (np.zeros((1, 4), np.uint8), r"input 2 \(x\): int8\[1, 4\] expected, uint8\[1, 4\] came"),
        (np.zeros((1, 4), np.float32), r"input 2 \(x\): int8\[1, 4\] expected, float32\[1, 4\] came"),
        ([1, 2, 3, 4], r"input 2 \(x\): int8\[1, 4\] expected, a list came"),
    ],
)
def test_misfits(array: Any, message: str) -> None:
    with pytest.raises(TensorMismatch, match=message):
        check_array(array, spec((1, 4)), "input 2")


@pytest.mark.parametrize(
    ("array", "advice"),
    [
        (np.zeros(4, np.int8), "array.reshape((1, 4))"),
        (np.zeros((1, 4), np.uint8), "array.astype(numpy.int8)"),
        (np.zeros((1, 4), np.float32), "real=True"),
        ([0], "numpy.array(..., dtype=numpy.int8)"),
    ],
)
def test_advice(array: Any, advice: str) -> None:
    with pytest.raises(TensorMismatch) as caught:
        check_array(array, spec((1, 4)), "input 0")
    assert advice in caught.value.advice
