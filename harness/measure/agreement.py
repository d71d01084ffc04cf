"""How far the outputs of two models are apart, whose types and scales may differ: real values, summed step by step."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import Misuse
from harness.measure.compare import classes_of


class OutputAgreement:
    """Compares one output of two models, as real values.

    Attributes:
        steps: how many were compared.
        values: how many values they had.
        largest: greatest distance; NaN counts as infinitely far from all but NaN.
        range: greatest value of the first model minus its least, to judge a distance by.
        same_class: steps in which the greatest value of each row is at the same place; None of outputs of one value.
    """

    def __init__(self) -> None:
        self.steps = 0
        self.values = 0
        self.largest = 0.0
        self.same_class: int | None = 0
        self._squares = 0.0
        self._low = math.inf
        self._high = -math.inf

    def add(self, one: npt.NDArray[Any], other: npt.NDArray[Any]) -> None:
        """Counts one step; both are of as many values, in the same order.

        Raises:
            Misuse: they are not.
        """
        if one.size != other.size:
            raise Misuse(f"outputs of as many values expected, {one.size:,} and {other.size:,} came")
        left, right = one.astype(np.float64), other.astype(np.float64).reshape(one.shape)
        equal = (left == right) | (np.isnan(left) & np.isnan(right))
        with np.errstate(invalid="ignore", over="ignore"):
            apart = np.where(equal, 0.0, np.abs(left - right))
            apart = np.where(np.isnan(apart), np.inf, apart)
            self._squares += float(np.square(apart).sum())
        self.steps += 1
        self.values += one.size
        self.largest = max(self.largest, float(apart.max(initial=0.0)))
        finite = left[np.isfinite(left)]
        self._low = min(self._low, float(finite.min(initial=math.inf)))
        self._high = max(self._high, float(finite.max(initial=-math.inf)))
        if left.ndim == 0 or left.shape[-1] < 2:
            self.same_class = None
        if self.same_class is not None:
            self.same_class += bool(np.array_equal(classes_of(left), classes_of(right)))

    @property
    def rms(self) -> float:
        """Root of the mean squared distance; NaN of no values."""
        return math.sqrt(self._squares / self.values) if self.values else math.nan

    @property
    def range(self) -> float:
        """See the class; 0 of no values."""
        return max(0.0, self._high - self._low) if math.isfinite(self._low) else 0.0
