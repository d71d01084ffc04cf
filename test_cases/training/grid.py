"""Rounds numbers to coarse grids, which makes a rebuild byte-identical on another machine.

Matrix products and functions such as tanh differ in their last bits between processors, and training multiplies such
a difference: over the sine model's 2500 steps from 1e-16 to 1e-3. So the optimiser rounds its state every few steps,
while the difference is still small against the grid. Only a number that lies closer to the middle between two grid
points than the difference would still go the other way: 0.0003 such numbers are expected in the training of all models
together, measured by switching the AVX code of numpy and OpenBLAS off. What leaves a training procedure (parameters,
activation ranges, data) is rounded once more, and more coarsely.
"""

from __future__ import annotations

import numpy as np

PARAMETER_BITS = 12
TRAINING_BITS = 14
RANGE_BITS = 6


def snap(values: np.ndarray, bits: int = PARAMETER_BITS) -> np.ndarray:
    """The nearest multiples of 2**-bits, as float64."""
    step = 2.0**-bits
    return np.rint(np.asarray(values, dtype=np.float64) / step) * step + 0.0  # + 0.0 turns -0.0 into 0.0


def snap_significant(values: np.ndarray, bits: int) -> np.ndarray:
    """Each value with its mantissa rounded to `bits` bits, for values of very different sizes."""
    mantissa, exponent = np.frexp(values)
    return np.ldexp(snap(mantissa, bits), exponent)


def snap_to_peak(values: np.ndarray, bits: int) -> np.ndarray:
    """All values on one grid, `bits` bits finer than the power of two above the largest magnitude."""
    _, exponent = np.frexp(np.abs(values).max())
    return np.ldexp(snap(np.ldexp(values, -exponent), bits), exponent)


def snap_range(values: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest value, rounded to multiples of 2**-RANGE_BITS: a calibration range."""
    low, high = snap(np.array([values.min(), values.max()]), RANGE_BITS)
    return float(low), float(high)
