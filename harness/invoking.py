"""Measured invokes of a session: the first one apart, and what a device tells of them as latency and profile."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from harness.measure.latency import Latency, Timing
from harness.measure.measurement import Measurement
from harness.measure.profile import OpTime
from harness.models.execution import executed_ops
from harness.models.macs import count_macs
from harness.models.tflite import TfliteModel
from harness.protocol.client import InvokeTimes


class OnDevice(Protocol):
    """Has the device invoke the model."""

    def __call__(self, *, warmup: int, repeats: int, profile: bool) -> InvokeTimes: ...


@dataclass(frozen=True)
class Invoked:
    """What a call of `Session.invoke` measured.

    Attributes:
        latency: of the measured invokes.
        profile: the operators of the last one, if asked for.
        feed_us: microseconds of feeding outputs back.
    """

    latency: Latency
    profile: tuple[OpTime, ...]
    feed_us: float


class Invoking:
    """Measures invokes of one model.

    Args:
        model: the model.
    """

    def __init__(self, model: TfliteModel) -> None:
        self._model = model

    def measure(
        self,
        on_device: OnDevice,
        measurement: Measurement,
        *,
        warmup: int,
        repeats: int,
        profile: bool,
        quiet: bool | None,
    ) -> Invoked:
        """Invokes the model `warmup` + `repeats` times, and adds to the measurement what was found out.

        The first invoke after opening is measured even if it is one of the warm-up.
        """
        first = measurement.cold
        samples: tuple[float, ...] = ()
        if first and warmup:
            samples = _microseconds(on_device(warmup=0, repeats=1, profile=False))
            warmup -= 1
        times = on_device(warmup=warmup, repeats=repeats, profile=profile)
        samples += _microseconds(times)
        ops = self._read(times)
        # An invoke that is looked at takes longer: it is no sample of those that are not. The first one is kept anyhow.
        only_first = first and len(samples) == 1
        measurement.add_samples(samples[:-1] if profile and not only_first else samples)
        measurement.warmup += warmup
        measurement.profile = ops or measurement.profile
        board = measurement.conditions
        timing = Timing(f"{measurement.model} on {board.kind}", board.describe(), board.clock_hz, warmup, quiet)
        measurement.interrupts.add(timing.interrupts())
        latency = Latency.of_first(samples, timing) if first else Latency(samples, None, timing)
        return Invoked(latency, ops, times.feed_ticks * 1e6 / times.tick_hz)

    @cached_property
    def _macs(self) -> tuple[int | None, ...]:
        return count_macs(self._model)

    def _read(self, times: InvokeTimes) -> tuple[OpTime, ...]:
        """The operators with their times; with MACs where it is certain which operators of the model they are."""
        if not times.ops:
            return ()
        executed = executed_ops(self._model, [op.name for op in times.ops])
        found = []
        for number, op in enumerate(times.ops):
            us = op.ticks * 1e6 / times.tick_hz
            if executed is None:
                found.append(OpTime(op.op, op.name, us))
            else:
                found.append(OpTime(op.op, op.name, us, self._macs[executed[number].op], executed[number].depth))
        return tuple(found)


def _microseconds(times: InvokeTimes) -> tuple[float, ...]:
    return tuple(ticks * 1e6 / times.tick_hz for ticks in times.ticks)
