"""What the predictions of a model on a data set came to."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import LimitExceeded, Misuse
from harness.measure.bound import Bound, parse_bound
from harness.measure.metrics import Classification, Regression

_TOP = re.compile(r"top([1-9][0-9]{0,3})")
REGRESSION = ("mae", "rmse", "r2")
AGREES = "agrees"


def rank_of(metric: str) -> int | None:
    """The k of "top1", "top5", ...; None of any other metric."""
    match = _TOP.fullmatch(metric)
    return None if match is None else int(match[1])


def check_metric(metric: str) -> str:
    """Demands that there is such a metric, and returns it.

    Raises:
        ValueError: there is none.
    """
    if rank_of(metric) is None and metric not in (*REGRESSION, AGREES):
        raise ValueError(f"{metric!r} is no metric; expected top1, top5, ..., {', '.join(REGRESSION)} or {AGREES}")
    return metric


def check_bound(metric: str, bound: Bound) -> Bound:
    """Demands that a bound says what is good of a metric, and returns it.

    Raises:
        ValueError: it is on the wrong side, or no share can reach it.
    """
    least = metric not in ("mae", "rmse")
    if bound.least != least:
        better = "greater is better" if least else "less is better"
        raise ValueError(f"{metric} {bound.text}: {better}, so {'>=' if least else '<='} is expected")
    if least and bound.value > 1:
        raise ValueError(f"{metric} {bound.text}: at most 1 or 100 % can be reached; did you mean {bound.value:g} %?")
    return bound


def show_metric(metric: str, figure: float) -> str:
    """A figure for people: a share in percent, an error as it is."""
    if math.isnan(figure):
        return "-"
    share = rank_of(metric) is not None or metric == AGREES
    return f"{figure:.1%}".replace("%", " %") if share else f"{figure:.4g}"


@dataclass(frozen=True)
class Agreement:
    """How the predictions of two runs on the same samples compare.

    Attributes:
        count: predictions that were compared.
        different: how many were not the same: another class, or of values another number.
        first: numbers of the first samples whose predictions differ, a few of them.
        largest: greatest difference of two outputs, as real values.
    """

    count: int
    different: int
    first: tuple[int, ...]
    largest: float

    @property
    def share(self) -> float:
        """Predictions that were the same; NaN of none."""
        return 1 - self.different / self.count if self.count else math.nan


@dataclass(frozen=True)
class Accuracy:
    """How good a model's predictions were.

    Attributes:
        done: samples that were judged.
        samples: samples there were to judge.
        counted: the predictions, counted.
        reference: the same of the host reference; None where it was not run.
        agreement: how both compare; None likewise.
        metric: the one that matters most: "top1", "rmse", ...
        classes: names of the classes; may be empty.
        conditions: where it was measured, in a line.
    """

    done: int
    samples: int
    counted: Classification | Regression
    reference: Classification | Regression | None
    agreement: Agreement | None
    metric: str
    classes: tuple[str, ...] = ()
    conditions: str = ""

    @property
    def figures(self) -> dict[str, float]:
        """All metrics by name."""
        extra = {} if self.agreement is None else {AGREES: self.agreement.share}
        return {**self.counted.figures(), **extra}

    @property
    def top1(self) -> float:
        """Share of the right predictions.

        Raises:
            Misuse: values were predicted, not classes.
        """
        return self._figure("top1")

    @property
    def rmse(self) -> float:
        """Root of the mean squared error.

        Raises:
            Misuse: classes were predicted, not values.
        """
        return self._figure("rmse")

    def assert_within(self, **bounds: str) -> None:
        """Demands bounds: `accuracy.assert_within(top1=">= 92 %", agrees=">= 99 %")`.

        Raises:
            LimitExceeded: as `require`.
            Misuse: no bound, one that cannot be read, or one of a metric that was not measured.
        """
        if not bounds:
            raise Misuse("at least one bound of a metric expected")
        try:
            read = {check_metric(name): check_bound(name, parse_bound(text)) for name, text in bounds.items()}
        except ValueError as error:
            raise Misuse(str(error)) from None
        self.require(read)

    def require(self, bounds: Mapping[str, Bound]) -> None:
        """Demands that metrics are within bounds.

        Raises:
            LimitExceeded: one is not; the message gives the confidence interval, and what the host reference came to.
            Misuse: a metric was not measured.
        """
        for metric, bound in bounds.items():
            came = self._figure(metric)
            if not bound.holds(came):
                raise LimitExceeded(
                    f"{metric} {bound.text} expected, {self.describe(metric)} came, of {self.done:,} samples\n"
                    f"on {self.conditions}",
                    advice=self._advice(metric, bound),
                )

    def describe(self, metric: str) -> str:
        """A metric for people, of classes with its 95 % confidence interval."""
        text = show_metric(metric, self._figure(metric))
        rank = rank_of(metric)
        if rank is not None and isinstance(self.counted, Classification) and self.counted.count:
            low, high = self.counted.interval(rank)
            text += f" (95 % sure: {show_metric(metric, low)} to {show_metric(metric, high)})"
        return text

    def _figure(self, metric: str) -> float:
        try:
            return self.figures[metric]
        except KeyError:
            raise Misuse(f"{metric} was not measured; there are {', '.join(self.figures)}") from None

    def _advice(self, metric: str, bound: Bound) -> str:
        if self.reference is None or metric == AGREES:
            return "compare with the host reference: it tells a weak model from a board that computes something else"
        there = self.reference.figures()[metric]
        if bound.holds(there):
            return f"the host reference reaches {show_metric(metric, there)}: the board computes something else"
        return f"the host reference comes to {show_metric(metric, there)} too: it is the model, or its conversion"
