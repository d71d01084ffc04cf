"""Seeded inputs that mean the same to two models."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import Misuse
from harness.models.quantization import dequantize
from harness.models.steps import Step, as_step
from harness.models.tflite import TensorSpec, TfliteModel

Array = npt.NDArray[Any]


def shared_inputs(one: TfliteModel, other: TfliteModel, seed: int, steps: int) -> tuple[list[Step], list[Step]]:
    """Random inputs for both models, step by step: the same real values, each in the model's own tensors.

    They lie in the range of a quantised input of either, on its own steps, so that it can hold them exactly; from -1 to
    1 where both take real numbers. Where neither has a real meaning, they are integers of the tensors' type.

    Raises:
        Misuse: the models do not take the same number of inputs, or not of the same size.
    """
    if len(one.inputs) != len(other.inputs):
        raise Misuse(f"{one.name} has {len(one.inputs)} input(s), {other.name} {len(other.inputs)}")
    for index, pair in enumerate(zip(one.inputs, other.inputs, strict=True)):
        sizes = [math.prod(spec.shape) for spec in pair]
        if sizes[0] != sizes[1]:
            shapes = " and ".join(str(list(spec.shape)) for spec in pair)
            raise Misuse(
                f"input {index} has {sizes[0]:,} values in {one.name} and {sizes[1]:,} in {other.name}: {shapes}"
            )
        if [_is_real(spec) for spec in pair] in ([True, False], [False, True]):
            raise Misuse(f"input {index} means real values in one model only: {pair[0].dtype} and {pair[1].dtype}")
    random = np.random.Generator(np.random.PCG64(seed))
    mine: list[Step] = []
    others: list[Step] = []
    for _ in range(steps):
        values = [_values(random, *pair) for pair in zip(one.inputs, other.inputs, strict=True)]
        mine.append(_as_step(values, one))
        others.append(_as_step(values, other))
    return mine, others


def _is_real(spec: TensorSpec) -> bool:
    return spec.dtype.kind == "f" or spec.quantization is not None


def _values(random: np.random.Generator, one: TensorSpec, other: TensorSpec) -> Array:
    if not _is_real(one):
        if one.dtype.kind == "b":
            return random.integers(0, 2, one.shape).astype(one.dtype)
        both = [np.iinfo(spec.dtype) for spec in (one, other)]
        low, high = max(int(info.min) for info in both), min(int(info.max) for info in both)
        return random.integers(low, high, one.shape, dtype=np.int64, endpoint=True)
    # The coarser of two: the finer one's values would be rounded by it.
    quantized = [spec for spec in (one, other) if spec.quantization is not None]
    if not quantized:
        return random.uniform(-1.0, 1.0, one.shape)
    spec = max(quantized, key=lambda spec: spec.quantization.scale if spec.quantization is not None else 0.0)
    limits = np.iinfo(spec.dtype)
    return dequantize(random.integers(limits.min, limits.max, spec.shape, dtype=spec.dtype, endpoint=True), spec)


def _as_step(values: list[Array], model: TfliteModel) -> Step:
    return tuple(
        as_step([value.reshape(spec.shape)], [spec], real=True)[0]
        for value, spec in zip(values, model.inputs, strict=True)
    )
