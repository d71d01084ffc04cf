"""Real values to a tensor's raw values and back, and the check that an array fits a tensor.

A quantised tensor holds `raw = round(real / scale) + zero_point`, so that `real = scale * (raw - zero_point)`
(TensorFlow Lite's 8-bit quantisation specification,
https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec). The arithmetic here is, bit for
bit, that of TFLM's QUANTIZE and DEQUANTIZE: `AffineQuantize` and `Dequantize` in
tensorflow/lite/kernels/internal/reference/{quantize,dequantize}.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from harness.errors import Misuse, TensorMismatch

if TYPE_CHECKING:
    from harness.models.tflite import TensorSpec


@dataclass(frozen=True)
class Quantization:
    """How a tensor's raw values stand for real ones.

    Attributes:
        scale: the real value of one step, greater than 0.
        zero_point: the raw value that stands for 0.0.
    """

    scale: float
    zero_point: int


def quantize(real: npt.ArrayLike, spec: TensorSpec) -> npt.NDArray[Any]:
    """Real values as the tensor's raw values: rounded half away from zero; what is too large saturates.

    Args:
        real: numbers, of the tensor's shape. They are taken as float32, as TFLM takes them.
        spec: the tensor. One of floating type has no quantisation; its values are converted only.

    Returns:
        An array of `spec.shape` and `spec.dtype`.

    Raises:
        TensorMismatch: another shape, or no numbers.
        Misuse: NaN, which no raw value stands for; or the tensor has raw values only.
    """
    given = np.asarray(real)
    if given.dtype.kind not in "biuf":
        raise TensorMismatch(f"{spec.name}: real numbers expected, an array of dtype {given.dtype} came")
    if given.shape != spec.shape:
        raise _wrong_shape(given, spec, spec.name)
    with np.errstate(over="ignore"):
        values = given.astype(np.float32)
    if spec.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return np.asarray(given.astype(spec.dtype), order="C")
    quantization = _quantization(spec)
    if np.isnan(values).any():
        where = [int(index) for index in np.argwhere(np.isnan(values))[0]]
        raise Misuse(f"{spec.name}: the value at {where} is NaN, which a quantised tensor cannot hold")
    with np.errstate(over="ignore"):
        steps = (values / np.float32(quantization.scale)).astype(np.float64)
    # C's round(), which TfLiteRound is: half away from zero. In float64 adding 0.5 to a float32 quotient is exact.
    rounded = np.asarray(np.trunc(steps + np.copysign(0.5, steps)) + quantization.zero_point)
    limits = np.iinfo(spec.dtype)
    too_large = rounded >= float(limits.max)
    inside = np.where(too_large, 0.0, np.maximum(rounded, float(limits.min)))
    # The largest int64 is no float64, so it is put in as an integer.
    return np.asarray(np.where(too_large, limits.max, inside.astype(spec.dtype)), dtype=spec.dtype, order="C")


def dequantize(raw: npt.NDArray[Any], spec: TensorSpec) -> npt.NDArray[np.float32]:
    """A tensor's raw values as real ones.

    Args:
        raw: of the tensor's shape and dtype.
        spec: the tensor. Values of floating type are converted only.

    Raises:
        TensorMismatch: another shape or dtype.
        Misuse: the tensor has raw values only.
    """
    array = check_array(raw, spec, spec.name)
    if spec.dtype.kind == "f":
        return np.asarray(array, dtype=np.float32)
    quantization = _quantization(spec)
    steps = array.astype(np.float64) - quantization.zero_point
    return np.asarray(quantization.scale * steps, dtype=np.float32)


def check_array(array: npt.NDArray[Any], spec: TensorSpec, what: str) -> npt.NDArray[Any]:
    """Demands that an array has exactly a tensor's shape and dtype.

    Args:
        array: what was given; either byte order will do.
        spec: the tensor.
        what: what the array is, for the message: "input 0".

    Returns:
        The array, C-contiguous and little-endian; the same object if it is so already. A 0-d array stays 0-d.

    Raises:
        TensorMismatch: no array, another shape, another dtype.
    """
    expected = f"{what} ({spec.name}): {spec.dtype.name}{list(spec.shape)} expected"
    if not isinstance(array, (np.ndarray, np.generic)):
        raise TensorMismatch(
            f"{expected}, a {type(array).__name__} came", advice=f"give numpy.array(..., dtype=numpy.{spec.dtype.name})"
        )
    # Byte order apart: '>i2' is the same type as '<i2'.
    if array.dtype.newbyteorder("<") != spec.dtype:
        advice = None
        if spec.quantization is None or array.dtype.kind != "f":
            advice = f"convert it, if its values fit: array.astype(numpy.{spec.dtype.name})"
        raise TensorMismatch(f"{expected}, {array.dtype.name}{list(array.shape)} came", advice=advice)
    if array.shape != spec.shape:
        raise _wrong_shape(np.asarray(array), spec, what)
    # numpy.ascontiguousarray would make a scalar one-dimensional.
    return np.asarray(array, dtype=spec.dtype, order="C")


def _wrong_shape(array: npt.NDArray[Any], spec: TensorSpec, what: str) -> TensorMismatch:
    same_size = array.size == int(np.prod(spec.shape, dtype=np.int64))
    advice = f"the number of elements is right: array.reshape({spec.shape})" if same_size else None
    return TensorMismatch(
        f"{what} ({spec.name}): shape {list(spec.shape)} expected, {list(array.shape)} came", advice=advice
    )


def _quantization(spec: TensorSpec) -> Quantization:
    if spec.quantization is None:
        raise Misuse(
            f"{spec.name} is a {spec.dtype.name} tensor without quantisation: it has no real values",
            advice="give and read its raw values",
        )
    return spec.quantization
