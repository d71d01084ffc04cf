"""Statistics over the durations of invokes. All durations are in microseconds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harness.errors import LimitExceeded, Misuse
from harness.measure.distribution import (
    MedianInterval,
    Modes,
    Outlier,
    median_interval,
    outliers,
    quantile,
    standard_deviation,
    two_modes,
)
from harness.measure.duration import duration_unit, format_duration, format_in, parse_duration
from harness.measure.duration_limit import DurationLimit, parse_duration_limit

__all__ = ["FIGURES", "Latency", "Timing", "format_duration", "parse_duration"]

# What a limit can be set for.
FIGURES = ("median", "p95", "max", "cold", "jitter")


@dataclass(frozen=True)
class Timing:
    """How durations were measured.

    Attributes:
        what: the model and the kind of board, in words; "" if they are not known.
        board: the board in words, its clock among them.
        clock_hz: its clock, None where it has no fixed one.
        warmup: invokes before the measured ones that were not measured; the first one after opening always is.
        quiet: True if all interrupts were masked during the invokes, False if USB was served, None if it was held
            back for the first second of each.
    """

    what: str = ""
    board: str = ""
    clock_hz: int | None = None
    warmup: int = 0
    quiet: bool | None = None

    def interrupts(self) -> str:
        """What became of interrupts, in words."""
        if self.clock_hz is None:
            return "interrupts on"
        told = {True: "interrupts masked", False: "USB served", None: "USB held back for 1 s"}
        return told[self.quiet]


@dataclass(frozen=True)
class Latency:
    """Durations of invokes.

    The figures of no samples at all are a `Misuse`.

    Attributes:
        samples_us: one duration per invoke, in microseconds, in order of measurement.
        cold_us: duration of the first invoke after opening, where it was measured. It is kept apart from the samples:
            the flash cache is cold, and CALL_ONCE runs. Where nothing else was measured it is the only sample too.
        timing: how they were measured.
    """

    samples_us: tuple[float, ...]
    cold_us: float | None = None
    timing: Timing = field(default=Timing(), compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples_us", tuple(self.samples_us))
        for sample in (*self.samples_us, *(() if self.cold_us is None else (self.cold_us,))):
            if not math.isfinite(sample) or sample < 0:
                raise Misuse(f"a duration of {sample} us: a finite number from 0 is expected")

    @classmethod
    def of_first(cls, samples_us: tuple[float, ...], timing: Timing) -> Latency:
        """Of all invokes since opening: the first one is kept apart, unless it is the only one."""
        cold = samples_us[0] if samples_us else None
        return cls(samples_us[1:] or samples_us, cold, timing)

    @classmethod
    def joined(cls, parts: Sequence[Latency]) -> Latency:
        """Of several calls one after the other, in order; only the first may have a first invoke after opening."""
        samples = tuple(sample for part in parts for sample in part.samples_us)
        first = parts[0]
        if first.cold_us is not None and first._only_cold:
            return cls.of_first(samples, first.timing)
        return cls(samples, first.cold_us, first.timing)

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.samples_us)

    @property
    def min(self) -> float:
        """The shortest duration."""
        return self._ordered[0]

    @property
    def max(self) -> float:
        """The longest duration."""
        return self._ordered[-1]

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        return math.fsum(self._ordered) / self.count

    @property
    def median(self) -> float:
        """Half of the samples are shorter."""
        return self.quantile(0.5)

    @property
    def p95(self) -> float:
        """95 % of the samples are shorter."""
        return self.quantile(0.95)

    @property
    def jitter(self) -> float:
        """Peak-to-peak jitter: the longest duration minus the shortest."""
        return self.max - self.min

    @cached_property
    def deviation(self) -> float:
        """The standard deviation of a sample; 0 for one sample."""
        return standard_deviation(self._ordered)

    @cached_property
    def interval(self) -> MedianInterval | None:
        """How certain the median is, and how many invokes were needed; None for fewer than 6 samples."""
        return median_interval(self.samples_us, self._ordered)

    @cached_property
    def modes(self) -> Modes | None:
        """The two groups that the durations fall into, None if they do not; see `distribution.two_modes`."""
        return two_modes(self._ordered)

    @cached_property
    def outliers(self) -> tuple[Outlier, ...]:
        """Samples that do not belong to the rest, in order of measurement; see `distribution.outliers`."""
        return outliers(self.samples_us, self.modes)

    def quantile(self, share: float) -> float:
        """The duration that a share of the samples is below, linear between neighbours.

        Args:
            share: 0 to 1.

        Raises:
            Misuse: there are no samples, or the share is out of range.
        """
        if not 0 <= share <= 1:
            raise Misuse(f"a quantile of {share}: 0 to 1 is expected")
        return quantile(self._ordered, share)

    def assert_below(
        self,
        *,
        median: str | None = None,
        p95: str | None = None,
        max: str | None = None,
        cold: str | None = None,
        jitter: str | None = None,
    ) -> None:
        """Demands that no figure is above its limit: `latency.assert_below(p95="20 ms", max="2,500,000 cycles")`.

        Raises:
            LimitExceeded: one is; the message says by how much, and how it was measured.
            Misuse: no limit or none that can be read, one in cycles on a board without a fixed clock, or one for a
                first invoke that was not measured.
        """
        given = {"median": median, "p95": p95, "max": max, "cold": cold, "jitter": jitter}
        try:
            limits = {name: parse_duration_limit(text) for name, text in given.items() if text is not None}
        except ValueError as error:
            raise Misuse(str(error)) from None
        if not limits:
            raise Misuse(f"at least one limit expected: {', '.join(FIGURES)}")
        self.demand(limits)

    def demand(self, limits: Mapping[str, DurationLimit]) -> None:
        """As `assert_below`, with limits that have been read; of none at all nothing is demanded."""
        exceeded = [text for name, limit in limits.items() if (text := self._excess(name, limit))]
        if exceeded:
            what = f"{self.timing.what}: " if self.timing.what else ""
            board = f"\non {self.timing.board}" if self.timing.board else ""
            raise LimitExceeded(
                f"{what}{'; '.join(exceeded)}; {self}\nmeasured: {self.conditions()}{board}",
                advice="look at the operators' shares (session.profile() or `tflm-hil bench --profile`), or raise the "
                "limit if this is what the product can afford",
            )

    def conditions(self) -> str:
        """How it was measured, in words: "50 invokes after 5 of warm-up, the first one apart, interrupts on"."""
        invokes = f"{self.count:,} invoke{'' if self.count == 1 else 's'}"
        warmup = f" after {self.timing.warmup:,} of warm-up" if self.timing.warmup else ""
        first = ", the first one apart" if self.cold_us is not None and not self._only_cold else ""
        return f"{invokes}{warmup}{first}, {self.timing.interrupts()}"

    def _excess(self, name: str, limit: DurationLimit) -> str:
        """What to say of a figure that is above its limit; "" if it is not."""
        clock_hz = self.timing.clock_hz
        came: float | None = self.cold_us if name == "cold" else getattr(self, name)
        if came is None:
            raise Misuse(
                "the first invoke after opening is not among these",
                advice="set a limit for it on the first call of invoke() after opening or reopening",
            )
        allowed = limit.microseconds(clock_hz)
        if came <= allowed:
            return ""
        shown = format_duration(came)
        if limit.cycles is not None and clock_hz is not None:
            shown = f"{came * clock_hz / 1e6:,.0f} cycles ({shown})"
        share = f", {came / allowed - 1:+.0%}" if allowed else ""
        figure = "first invoke" if name == "cold" else f"invoke {name}"
        return (
            f"{figure} of at most {limit.describe(clock_hz)} expected, {shown} came "
            f"({format_duration(came - allowed)} too long{share})"
        )

    @property
    def _only_cold(self) -> bool:
        return self.count == 1 and self.samples_us[0] == self.cold_us

    @cached_property
    def _ordered(self) -> list[float]:
        if not self.samples_us:
            raise Misuse(
                "no duration was measured, so there are no statistics", advice="invoke the model at least once"
            )
        return sorted(self.samples_us)

    def __str__(self) -> str:
        if not self.samples_us:
            return "no samples"
        unit = duration_unit(self.median)
        return f"median {format_in(self.median, unit)} / p95 {format_in(self.p95, unit)} {unit}"
