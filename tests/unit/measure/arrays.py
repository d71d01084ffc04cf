"""Small arrays, and how they differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.measure.compare import Difference, compare
from harness.measure.tolerance import EXACT, Tolerance


def found(actual: Any, expected: Any, tolerance: Tolerance = EXACT) -> Difference:
    difference = compare(actual, expected, tolerance)
    assert difference is not None
    return difference


def f32(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def i8(*values: int) -> np.ndarray:
    return np.array(values, np.int8)
