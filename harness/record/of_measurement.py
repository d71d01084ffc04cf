"""From what a session measured to what its record keeps of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness.measure.latency import Latency as Measured
from harness.measure.measurement import Conditions
from harness.measure.measurement import Measurement as Session
from harness.record.model import (
    MAX_COMPARISONS,
    MAX_OPS,
    MAX_SAMPLES,
    Arena,
    Board,
    Compared,
    Interval,
    Latency,
    Measurement,
    Op,
    Series,
)
from harness.record.text import line


def board_of(name: str, place: str, conditions: Conditions) -> Board:
    """A board as the record has it."""
    told: dict[str, Any] = asdict(conditions)
    told = {key: line(value) if isinstance(value, str) else value for key, value in told.items()}
    return Board(name=line(name), place=line(place), **told)


def measurement_of(measured: Session, board: str) -> Measurement:
    """A session's figures as the record has them.

    Args:
        measured: what the session measured.
        board: the name of the board.
    """
    arena = measured.arena
    return Measurement(
        model=line(measured.model),
        sha256=measured.sha256,
        board=line(board),
        model_bytes=measured.model_bytes,
        options=dict(measured.options),
        arena=Arena(
            size=arena.size,
            used=arena.used,
            head=arena.head,
            tail=arena.tail,
            minimum=arena.minimum,
            categories={line(name): size for name, size in arena.categories.items()},
        ),
        latency=None if measured.latency is None else _latency(measured.latency, measured.warmup, measured.interrupts),
        profile=[
            Op(index=op.index, name=line(op.name), us=op.microseconds, macs=op.macs, depth=op.depth)
            for op in measured.profile[:MAX_OPS]
        ],
        comparisons=[
            Compared(what=line(each.what), equal=each.equal_steps, steps=each.steps)
            for each in measured.comparisons[:MAX_COMPARISONS]
        ],
        accuracy={line(name): float(score) for name, score in measured.scores.items() if math.isfinite(score)},
        outputs=[
            Series(
                what=line(trace.what),
                output=trace.output,
                element=trace.element,
                first=trace.first,
                steps=trace.steps,
                values=list(trace.values),
                expected=list(trace.expected),
            )
            for trace in measured.traces
        ],
    )


def _latency(latency: Measured, warmup: int, interrupts: set[str]) -> Latency:
    interval = latency.interval
    return Latency(
        count=latency.count,
        samples_us=thinned(latency.samples_us, MAX_SAMPLES),
        min=latency.min,
        median=latency.median,
        p95=latency.p95,
        max=latency.max,
        mean=latency.mean,
        deviation=latency.deviation,
        jitter=latency.jitter,
        cold_us=latency.cold_us,
        interval=None if interval is None else Interval(low=interval.low, high=interval.high, level=interval.level),
        needed=None if interval is None else interval.needed,
        warmup=warmup,
        interrupts=line("; ".join(sorted(interrupts))),
    )


def thinned(samples: Sequence[float], most: int) -> list[float]:
    """At most so many of them, evenly chosen, in order."""
    count = len(samples)
    return list(samples) if count <= most else [samples[number * count // most] for number in range(most)]
