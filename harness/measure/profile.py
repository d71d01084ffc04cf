"""How long each operator of an invoke took, and how much it computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.errors import Misuse
from harness.measure.distribution import quantile


@dataclass(frozen=True)
class OpTime:
    """One operator's share of a profiled invoke.

    Attributes:
        index: position in order of execution, from 0.
        name: as TFLM names it.
        microseconds: of one invoke; where several were profiled, the median.
        macs: multiply-accumulates, None where they are not known.
        depth: how many operators it ran inside of (IF, WHILE, CALL_ONCE), whose time has its time in it. None if it is
            not certain which operator of the model it is.
    """

    index: int
    name: str
    microseconds: float
    macs: int | None = None
    depth: int | None = None


@dataclass(frozen=True)
class Profile:
    """The operators of an invoke, in order of execution.

    Attributes:
        ops: the operators.
        clock_hz: the board's clock, None where it has no fixed one.
        repeats: how many invokes were profiled.
    """

    ops: tuple[OpTime, ...]
    clock_hz: int | None = None
    repeats: int = 1

    @property
    def microseconds(self) -> float:
        """Of all operators; what runs inside of another one is counted once."""
        return sum(op.microseconds for op in self.ops if not op.depth)

    @property
    def macs(self) -> int | None:
        """The known MACs of all operators; None if none are known."""
        known = [op.macs for op in self.ops if op.macs is not None]
        return sum(known) if known else None

    @property
    def cycles_per_mac(self) -> float | None:
        """Cycles of all operators by all MACs; None if one of them is not known, or there are no MACs."""
        return self._per_mac(self.microseconds, self.macs)

    @property
    def matched(self) -> bool:
        """Whether it is certain which operators of the model these are."""
        return all(op.depth is not None for op in self.ops)

    def share(self, op: OpTime) -> float:
        """An operator's share of the time of all, 0 to 1."""
        total = self.microseconds
        return op.microseconds / total if total else 0.0

    def cycles(self, op: OpTime) -> float | None:
        """The cycles that an operator took; None on a board without a fixed clock."""
        return self._cycles(op.microseconds)

    def cycles_per_mac_of(self, op: OpTime) -> float | None:
        """Its cycles by its MACs; None if one of them is not known, or there are no MACs."""
        return self._per_mac(op.microseconds, op.macs)

    def _cycles(self, us: float) -> float | None:
        return None if self.clock_hz is None else us * self.clock_hz / 1e6

    def _per_mac(self, us: float, macs: int | None) -> float | None:
        cycles = self._cycles(us)
        return cycles / macs if cycles is not None and macs else None


def median_of(profiles: Sequence[Iterable[OpTime]]) -> tuple[OpTime, ...]:
    """The operators of several invokes, each with the median of its times.

    Raises:
        Misuse: they were not the same operators.
    """
    first, *others = [tuple(profile) for profile in profiles]
    for number, other in enumerate(others, 1):
        if [(op.name, op.macs) for op in other] != [(op.name, op.macs) for op in first]:
            raise Misuse(
                f"profiled invoke {number} ran other operators than the first: {len(first)} and {len(other)} of them",
                advice="profile one invoke (repeats=1): this model does not run the same operators each time",
            )
    rows = zip(first, *others, strict=True)
    return tuple(replace(row[0], microseconds=quantile(sorted(op.microseconds for op in row), 0.5)) for row in rows)
