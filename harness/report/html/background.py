"""What a report may know besides the run itself: what it was held against, and the nights before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Change = Literal["worse", "better", "new", "gone", "not compared"]


@dataclass(frozen=True)
class Finding:
    """A figure that is not what it was, or several of which the same is to be said.

    Attributes:
        change: in which way.
        model: the model's name, or what several are called.
        figure: its name, such as "latency.median", or what several are called.
        unit: "B", "us", "share", or "".
        before: what was expected; None if there was nothing.
        now: what came; None if nothing came.
        allowed: the threshold in words; "" if there is none.
        note: more, in words: since when, where, or why it was not compared.
        board: kind of board; "" if it is of all of them.
        count: how many figures it stands for.
    """

    change: Change
    model: str
    figure: str
    unit: str
    before: float | None
    now: float | None
    allowed: str = ""
    note: str = ""
    board: str = ""
    count: int = 1


@dataclass(frozen=True)
class ChangePoint:
    """A night from which on a figure is another: its place among the nights, from 0, and what there is to say."""

    night: int
    text: str


@dataclass(frozen=True)
class Trend:
    """One figure over the nights.

    Attributes:
        model: the model's name.
        figure: the figure's name.
        unit: as in `Finding`.
        nights: what each night is called, oldest first, and its value.
        changes: where it changed for good.
        board: kind of board; "" if it is of all of them.
    """

    model: str
    figure: str
    unit: str
    nights: Sequence[tuple[str, float]]
    changes: Sequence[ChangePoint] = ()
    board: str = ""


@dataclass(frozen=True)
class Background:
    """All of it; nothing by default.

    Attributes:
        against: what the run was held against, in words; "" if it was not.
        findings: worst first.
        trends: of the models of the run.
    """

    against: str = ""
    findings: Sequence[Finding] = ()
    trends: Sequence[Trend] = ()
