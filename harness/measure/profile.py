"""How long each operator of an invoke took."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OpTime:
    """One operator's share of a profiled invoke.

    Attributes:
        index: position in order of execution, from 0.
        name: as TFLM names it.
        microseconds: of that one invoke.
    """

    index: int
    name: str
    microseconds: float
