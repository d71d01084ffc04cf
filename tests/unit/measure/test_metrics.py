"""Metrics, against numbers worked out by hand or taken from where the formula is published."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.errors import Misuse
from harness.measure.metrics import Classification, Regression, wilson_interval


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        # 81 of 263, 15 of 148 and 0 of 20 are in table I (method 3) of R. G. Newcombe, "Two-sided confidence intervals
        # for the single proportion", Statistics in Medicine 17 (1998).
        (10, 20, 0.2993, 0.7007),
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (29, 29, 0.8830, 1.0),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_wilson(hits: int, count: int, low: float, high: float) -> None:
    assert wilson_interval(hits, count) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("hits", "count"), [(0, 0), (2, 1), (-1, 3)])
def test_wilson_of_nonsense(hits: int, count: int) -> None:
    with pytest.raises(Misuse):
        wilson_interval(hits, count)


def counted(rows: list[tuple[list[float], int]], ranks: tuple[int, ...] = (1,)) -> Classification:
    found = Classification(len(rows[0][0]), ranks)
    for scores, label in rows:
        found.add(np.array(scores), label)
    return found


def test_confusion_recall_and_precision() -> None:
    found = counted(
        [([9, 1, 0], 0), ([9, 1, 0], 0), ([1, 9, 0], 0), ([1, 9, 0], 1), ([0, 9, 1], 1), ([9, 0, 1], 1), ([1, 9, 0], 2)]
    )
    assert found.confusion.tolist() == [[2, 1, 0], [1, 2, 0], [0, 1, 0]]
    assert [found.recall(label) for label in range(3)] == pytest.approx([2 / 3, 2 / 3, 0.0])
    assert [found.precision(label) for label in (0, 1)] == pytest.approx([2 / 3, 0.5])
    assert math.isnan(found.precision(2))
    assert (found.count, found.hits(), found.accuracy()) == (7, 4, pytest.approx(4 / 7))
    assert found.interval() == pytest.approx(wilson_interval(4, 7))


def test_top_k() -> None:
    found = counted([([4, 3, 2, 1], label) for label in range(4)], (1, 2, 3))
    assert found.figures() == {"top1": 0.25, "top2": 0.5, "top3": 0.75}


@pytest.mark.parametrize(("label", "hits"), [(0, [1, 1]), (1, [0, 1]), (2, [0, 0])])
def test_of_equal_scores_the_first_is_greater(label: int, hits: list[int]) -> None:
    """As a program finds it that takes a score only if it is greater; top-1 and top-k agree on it."""
    found = counted([([5, 5, 5], label)], (1, 2))
    assert [found.hits(rank) for rank in (1, 2)] == hits


def test_nan_is_no_prediction() -> None:
    found = Classification(2)
    assert found.add(np.array([math.nan, 1.0]), 1) == -1
    assert found.add(np.array([0.0, 1.0]), 1) == 1
    assert (found.count, found.accuracy(), found.recall(1), found.undecided.tolist()) == (2, 0.5, 0.5, [0, 1])


def test_of_no_predictions_there_is_no_accuracy() -> None:
    found = Classification(2)
    assert math.isnan(found.accuracy()) and math.isnan(found.recall(0))


@pytest.mark.parametrize(("scores", "label"), [([1, 2, 3], 0), ([[1, 2]], 0), ([1, 2], 2), ([1, 2], -1)])
def test_predictions_that_do_not_fit(scores: list[float], label: int) -> None:
    with pytest.raises(Misuse):
        Classification(2).add(np.array(scores), label)


@pytest.mark.parametrize(("classes", "ranks"), [(1, (1,)), (3, (3,)), (3, (0,))])
def test_ranks_that_say_nothing(classes: int, ranks: tuple[int, ...]) -> None:
    with pytest.raises(Misuse):
        Classification(classes, ranks)


def test_errors_of_values() -> None:
    found = Regression()
    # Errors 0.5, -0.5, 0, -1 about the targets 3, -0.5, 2, 7, whose mean is 2.875 and scatter 29.1875.
    found.add(np.array([2.5, 0.0]), np.array([3.0, -0.5]))
    found.add(np.array([2.0]), np.array([2.0]))
    found.add(np.array([8.0]), np.array([7.0]))
    assert (found.count, found.mae, found.rmse) == (4, pytest.approx(0.5), pytest.approx(math.sqrt(0.375)))
    assert found.r2 == pytest.approx(1 - 1.5 / 29.1875)


def test_r2_does_not_lose_its_digits_far_from_zero() -> None:
    found = Regression()
    for value in (1e8, 1e8 + 1, 1e8 + 2):
        found.add(np.array([value + 0.5]), np.array([value]))
    assert found.r2 == pytest.approx(1 - 0.75 / 2)


def test_values_that_say_nothing() -> None:
    found = Regression()
    assert math.isnan(found.mae) and math.isnan(found.rmse) and math.isnan(found.r2)
    found.add(np.array([1.0, 2.0]), np.array([3.0, 3.0]))
    assert math.isnan(found.r2)
    found.add(np.array([math.nan]), np.array([3.0]))
    assert math.isnan(found.mae)
    with pytest.raises(Misuse):
        found.add(np.zeros(2), np.zeros((1, 2)))
