"""Bounds of metrics, and what is said when one does not hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.errors import LimitExceeded, Misuse
from harness.measure.agreement import OutputAgreement
from harness.measure.bound import parse_bound
from harness.measure.metrics import Classification, Regression
from harness.measure.scores import Accuracy, Agreement, check_bound, check_metric, show_metric


@pytest.mark.parametrize(
    ("text", "holds", "fails"),
    [
        (">= 92 %", 0.92, 0.9199),
        (">=92%", 1.0, math.nan),
        (">= 0.92", 0.92, 0.91),
        ("<= 0.05", 0.05, 0.0501),
        (" <= 1e-3 ", 0.001, 0.0011),
        (">= 7.1 %", 0.071, 0.0709),
    ],
)
def test_bounds(text: str, holds: float, fails: float) -> None:
    bound = parse_bound(text)
    assert bound.holds(holds) and not bound.holds(fails)


@pytest.mark.parametrize(
    "text", ["92 %", "> 92 %", ">= -1", ">= 92 percent", ">= nan", "", ">= 1e999", 0.92, None, True]
)
def test_no_bounds(text: object) -> None:
    with pytest.raises(ValueError, match="expected one such as"):
        parse_bound(text)


@pytest.mark.parametrize(
    ("metric", "text", "words"),
    [
        ("top1", "<= 92 %", "greater is better, so >= is expected"),
        ("rmse", ">= 0.1", "less is better, so <= is expected"),
        ("top1", ">= 92", "did you mean 92 %"),
        ("r2", ">= 1.5", "at most 1"),
    ],
)
def test_bounds_that_were_not_meant(metric: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_bound(metric, parse_bound(text))


@pytest.mark.parametrize("name", ["top0", "top", "accuracy", "top1 ", "Top1", "top99999"])
def test_no_metrics(name: str) -> None:
    with pytest.raises(ValueError, match="no metric"):
        check_metric(name)


def test_figures_for_people() -> None:
    assert [show_metric(*one) for one in (("top1", 0.9726), ("rmse", 0.01234567), ("r2", math.nan))] == [
        "97.3 %",
        "0.01235",
        "-",
    ]


@pytest.fixture
def accuracy():
    """19 of 20 on the board, all on the reference."""

    def of(reference_right: int) -> Accuracy:
        counts = []
        for right in (19, reference_right):
            counts.append(Classification(2))
            for number in range(20):
                counts[-1].add(np.array([1, 0] if number < right else [0, 1]), 0)
        return Accuracy(20, 20, counts[0], counts[1], Agreement(20, 1, (19,), 1.0), "top1", (), "a board")

    return of


def test_a_bound_that_does_not_hold_tells_all(accuracy) -> None:
    accuracy(20).assert_within(top1=">= 95 %", agrees=">= 95 %")
    with pytest.raises(LimitExceeded) as caught:
        accuracy(20).assert_within(top1=">= 96 %")
    assert caught.value.message == (
        "top1 >= 96 % expected, 95.0 % (95 % sure: 76.4 % to 99.1 %) came, of 20 samples\non a board"
    )
    assert caught.value.advice == "the host reference reaches 100.0 %: the board computes something else"
    with pytest.raises(LimitExceeded) as caught:
        accuracy(18).assert_within(top1=">= 96 %")
    assert caught.value.advice == "the host reference comes to 90.0 % too: it is the model, or its conversion"


@pytest.mark.parametrize("bounds", [{}, {"top1": "95"}, {"rmse": "<= 1"}, {"accuracy": ">= 1 %"}, {"top2": ">= 1 %"}])
def test_bounds_of_what_was_not_measured(accuracy, bounds: dict[str, str]) -> None:
    with pytest.raises(Misuse):
        accuracy(20).assert_within(**bounds)


def test_figures_by_name(accuracy) -> None:
    assert accuracy(20).top1 == 0.95
    with pytest.raises(Misuse, match="rmse was not measured; there are top1, agrees"):
        _ = accuracy(20).rmse
    values = Accuracy(0, 1, Regression(), None, None, "rmse")
    assert math.isnan(values.rmse)


# --- outputs of two models ------------------------------------------------------------------------------------------


def test_outputs_of_two_models() -> None:
    found = OutputAgreement()
    found.add(np.array([[0.0, 1.0, 3.0]]), np.array([0.0, 1.0, 2.0]))
    found.add(np.array([[5.0, 1.0, -1.0]]), np.array([1.0, 5.0, -1.0]))
    assert (found.steps, found.values, found.largest, found.range) == (2, 6, 4.0, 6.0)
    assert found.rms == pytest.approx(math.sqrt((1 + 16 + 16) / 6))
    assert found.same_class == 1


def test_nan_is_infinitely_far() -> None:
    found = OutputAgreement()
    found.add(np.array([math.nan]), np.array([math.nan]))
    assert found.largest == 0.0
    found.add(np.array([math.nan]), np.array([1.0]))
    assert (found.largest, found.same_class, found.range) == (math.inf, None, 0.0)
    with pytest.raises(Misuse):
        found.add(np.zeros(2), np.zeros(3))
