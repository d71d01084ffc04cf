"""How good predictions are: accuracy, confusion, recall and precision of classes, errors of values.

Sums only, so that a data set of any size can be counted sample by sample.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import Misuse

# Of the standard normal distribution, 95 % lie within so many deviations.
_Z_95 = 1.959963984540054


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, of which `hits` of `count` trials were seen.

    The score interval of E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal
    of the American Statistical Association 22 (1927), p. 209-212. It stays within 0 to 1, and says something even where
    all trials are hits.

    Raises:
        Misuse: more hits than trials, or none of either.
    """
    if not 0 <= hits <= count or count == 0:
        raise Misuse(f"hits from 0 to the number of trials expected, {hits} of {count} came")
    share, z2 = hits / count, _Z_95**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z_95 / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    # At the ends the formula gives exactly 0 and 1; in floating point nearly.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return low, 1.0 if hits == count else min(1.0, middle + half)


class Classification:
    """Counts predictions of classes.

    Of equal scores the first one is the greater: what a program finds that takes a score only if it is greater than all
    before. A score that is NaN makes a prediction that has no class, and is never right.

    Args:
        classes: how many there are.
        ranks: the k of each top-k accuracy that is wanted.

    Attributes:
        confusion: (classes, classes) int64: how often the row's class was taken for the column's.
        undecided: (classes,) int64: how often the class got no prediction, for NaN.
    """

    def __init__(self, classes: int, ranks: Iterable[int] = (1,)) -> None:
        if classes < 2:
            raise Misuse(f"at least two classes expected, {classes} came")
        self.ranks = tuple(sorted({1, *ranks}))
        wrong = [rank for rank in self.ranks if not 1 <= rank < classes]
        if wrong:
            raise Misuse(f"top-{wrong[0]} of {classes} classes: 1 to {classes - 1} expected")
        self.confusion: npt.NDArray[np.int64] = np.zeros((classes, classes), np.int64)
        self.undecided: npt.NDArray[np.int64] = np.zeros(classes, np.int64)
        self._hits = dict.fromkeys(self.ranks, 0)

    def add(self, scores: npt.NDArray[Any], label: int) -> int:
        """Counts one prediction.

        Args:
            scores: one per class.
            label: the right class.

        Returns:
            The predicted class, -1 for none.

        Raises:
            Misuse: another number of scores, or a label that is no class.
        """
        classes = len(self.confusion)
        if scores.shape != (classes,):
            raise Misuse(f"{classes} scores expected, one per class, an array of shape {list(scores.shape)} came")
        if not 0 <= label < classes:
            raise Misuse(f"a label from 0 to {classes - 1} expected, {label} came")
        if scores.dtype.kind == "f" and np.isnan(scores).any():
            self.undecided[label] += 1
            return -1
        predicted = int(np.argmax(scores))
        self.confusion[label, predicted] += 1
        ahead = int(np.count_nonzero(scores > scores[label]) + np.count_nonzero(scores[:label] == scores[label]))
        for rank in self.ranks:
            self._hits[rank] += ahead < rank
        return predicted

    @property
    def count(self) -> int:
        """All predictions."""
        return int(self.confusion.sum() + self.undecided.sum())

    def hits(self, rank: int = 1) -> int:
        """Predictions whose right class was among the `rank` best."""
        return self._hits[rank]

    def accuracy(self, rank: int = 1) -> float:
        """Top-k accuracy; NaN of no predictions."""
        return self._hits[rank] / self.count if self.count else math.nan

    def interval(self, rank: int = 1) -> tuple[float, float]:
        """Its 95 % confidence interval."""
        return wilson_interval(self._hits[rank], self.count)

    def recall(self, label: int) -> float:
        """Of what is of this class, the share that was found; NaN if there is none."""
        there = int(self.confusion[label].sum() + self.undecided[label])
        return int(self.confusion[label, label]) / there if there else math.nan

    def precision(self, label: int) -> float:
        """Of what was taken for this class, the share that is; NaN if nothing was."""
        taken = int(self.confusion[:, label].sum())
        return int(self.confusion[label, label]) / taken if taken else math.nan

    def figures(self) -> dict[str, float]:
        """The metrics by name: "top1" and so on."""
        return {f"top{rank}": self.accuracy(rank) for rank in self.ranks}


class Regression:
    """Sums the errors of predicted values; all values count alike, of whichever output they are."""

    def __init__(self) -> None:
        self.count = 0
        self._absolute = 0.0
        self._squared = 0.0
        self._mean = 0.0
        self._scatter = 0.0

    def add(self, predicted: npt.NDArray[Any], target: npt.NDArray[Any]) -> None:
        """Counts the values of one prediction.

        Raises:
            Misuse: arrays of unequal shape, or empty ones.
        """
        if predicted.shape != target.shape or target.size == 0:
            raise Misuse(
                f"as many values as targets expected: {list(target.shape)}, {list(predicted.shape)} came",
            )
        wanted = target.astype(np.float64).ravel()
        with np.errstate(over="ignore", invalid="ignore"):
            errors = predicted.astype(np.float64).ravel() - wanted
            self._absolute += float(np.abs(errors).sum())
            self._squared += float(np.square(errors).sum())
        # Mean and scatter of two parts together: T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating Formulae and a
        # Pairwise Algorithm for Computing Sample Variances" (1979), eq. 2.1.
        mean = float(wanted.mean())
        scatter = float(np.square(wanted - mean).sum())
        both = self.count + wanted.size
        apart = mean - self._mean
        self._scatter += scatter + apart * apart * self.count * wanted.size / both
        self._mean += apart * wanted.size / both
        self.count = both

    @property
    def mae(self) -> float:
        """Mean absolute error; NaN of no values."""
        return self._absolute / self.count if self.count else math.nan

    @property
    def rmse(self) -> float:
        """Square root of the mean squared error; NaN of no values."""
        return math.sqrt(self._squared / self.count) if self.count else math.nan

    @property
    def r2(self) -> float:
        """Coefficient of determination: 1 - sum of squared errors / sum of squares about the targets' mean; NaN if all
        targets are equal."""
        return 1 - self._squared / self._scatter if self._scatter else math.nan

    def figures(self) -> dict[str, float]:
        """The metrics by name."""
        return {"mae": self.mae, "rmse": self.rmse, "r2": self.r2}
