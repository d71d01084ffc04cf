"""Chooses quantisation parameters and converts arrays.

Scheme: TensorFlow Lite's "8-bit quantization specification". Activations are affine int8, one scale per tensor; weights
are symmetric int8 in [-127, 127], one scale per tensor or per output channel; a bias has the product of its input's and
its weights' scale and zero point 0. All arithmetic is elementwise IEEE, hence the same on every machine.
"""

from __future__ import annotations

import numpy as np

from test_cases.training.graph import Quantization

INT8_MIN, INT8_MAX = -128, 127
# LOGISTIC and SOFTMAX in TFLM demand exactly this output: [0, 1) in steps of 1/256.
PROBABILITY_INT8 = Quantization.per_tensor(1 / 256, INT8_MIN)


def affine_int8(low: float, high: float) -> Quantization:
    """int8 parameters that cover [low, high] and represent 0 exactly."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = float(np.float32((high - low) / (INT8_MAX - INT8_MIN)))
    zero_point = int(np.clip(np.rint(INT8_MIN - low / scale), INT8_MIN, INT8_MAX))
    return Quantization.per_tensor(scale, zero_point)


def symmetric(peak: float, largest: int = INT8_MAX) -> Quantization:
    """Parameters with zero point 0 that store `peak` as `largest`."""
    return Quantization.per_tensor(peak / largest)


def per_channel_int8(weights: np.ndarray, axis: int) -> Quantization:
    """Symmetric int8 parameters, one scale for each index of `weights` along `axis`."""
    other_axes = tuple(a for a in range(weights.ndim) if a != axis)
    # A channel of zeros needs a positive scale too.
    peaks = np.maximum(np.abs(weights).max(axis=other_axes), 2.0**-10)
    return Quantization.per_channel(peaks / INT8_MAX, axis)


def bias_quantization(inputs: Quantization, weights: Quantization) -> Quantization:
    """The scale at which input times weight accumulates; per channel if the weights are."""
    scales = np.float32(inputs.scale[0]) * np.array(weights.scale, dtype=np.float32)
    return Quantization(tuple(float(s) for s in scales), (0,) * len(scales), 0)


def quantize(values: np.ndarray, quantization: Quantization, dtype: str = "int8") -> np.ndarray:
    """Real values to stored integers of type `dtype`, rounded to nearest and clipped to its range."""
    scale = np.array(quantization.scale)
    zero_point = np.array(quantization.zero_point)
    if len(scale) > 1:
        shape = [1] * values.ndim
        shape[quantization.axis] = -1
        scale, zero_point = scale.reshape(shape), zero_point.reshape(shape)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values / scale) + zero_point, limits.min, limits.max).astype(dtype)


def dequantize(stored: np.ndarray, quantization: Quantization) -> np.ndarray:
    """Stored integers to real values, for tensors with one scale."""
    return (stored.astype(np.float64) - quantization.zero_point[0]) * quantization.scale[0]
