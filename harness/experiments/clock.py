"""How well a board's durations can be trusted: its clock, and what interrupts add to an invoke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.bench import Bench
from harness.errors import Misuse
from harness.measure.clock import Clock
from harness.measure.latency import Latency
from harness.models.steps import Array
from harness.models.tflite import TfliteModel
from harness.session import Session

# A device takes one USB packet of 64 bytes during an invoke, and has room for 32 of them until the command is done. So
# there are so many invokes in a command that all of them have one; the first ones may begin before the packets come.
_SENT_BYTES = 2048
_SENT_INVOKES = 16
_SENT_WARMUP = 4


@dataclass(frozen=True)
class Series:
    """The same invokes under one kind of interrupts.

    Attributes:
        interrupts: which, in words.
        latency: of the invokes.
        added_us: how far their median is above that of the invokes with all interrupts masked; None for these
            themselves, and where there are none.
    """

    interrupts: str
    latency: Latency
    added_us: float | None


@dataclass(frozen=True)
class ClockReport:
    """What was found out.

    Attributes:
        model: the model that was invoked.
        conditions: the board, in words.
        clock: its clock; None if the board does not measure it.
        series: with all interrupts masked, as always, with USB served, and with USB served and used if asked for. Only
            as always on a board that cannot choose.
    """

    model: str
    conditions: str
    clock: Clock | None
    series: tuple[Series, ...]


def read_clock(bench: Bench) -> Clock | None:
    """The board's clock; None if the board does not measure it."""
    if "clock" not in bench.identity.features:
        return None
    told = bench.clock()
    return Clock(
        told.tick_hz, told.resolution_ticks, told.overhead_ticks, told.overhead_max_ticks, told.subtracted_ticks
    )


def examine_clock(
    bench: Bench,
    model: TfliteModel,
    inputs: Sequence[Array],
    *,
    repeats: int = 100,
    warmup: int = 5,
    traffic: bool = False,
) -> ClockReport:
    """Measures the clock, and the same invokes under different interrupts.

    Each series begins with a new interpreter, so that a model with state computes the same in all of them.

    Args:
        bench: where to measure.
        model: what to invoke.
        inputs: one array per input tensor.
        repeats: measured invokes of each series.
        warmup: invokes before them; the first one is measured apart.
        traffic: one more series, during which the host sends.

    Raises:
        Misuse: traffic, on a board that cannot choose its interrupts.
        HarnessError: see `Bench.open` and `Session.invoke`.
    """
    clock = read_clock(bench)
    can_choose = "quiet" in bench.identity.features
    if traffic and not can_choose:
        raise Misuse("traffic: a board that can do `quiet` expected, this one cannot", advice="leave traffic out")
    series: list[Series] = []
    with bench.open(model) as session:

        def add(words: str, latency: Latency) -> None:
            still = series[0].latency.median if series else None
            series.append(Series(words, latency, None if still is None else latency.median - still))

        for quiet in (True, None, False) if can_choose else (None,):
            if series:
                session.reopen()
            latency = session.invoke(*inputs, repeats=repeats, warmup=warmup, quiet=quiet).latency
            add(latency.timing.interrupts(), latency)
        if traffic:
            session.reopen()
            session.invoke(*inputs)
            add("USB served and used", _with_traffic(session, repeats))
        return ClockReport(model.name, session.measurement.conditions.describe(), clock, tuple(series))


def _with_traffic(session: Session, repeats: int) -> Latency:
    """Invokes during which the host sends, on the inputs of the last call."""
    parts = []
    for done in range(0, repeats, _SENT_INVOKES):
        invocation = session.invoke(
            repeats=min(_SENT_INVOKES, repeats - done), warmup=_SENT_WARMUP, quiet=False, traffic=_SENT_BYTES
        )
        parts.append(invocation.latency)
    return Latency.joined(parts)
