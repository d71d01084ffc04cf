"""Measured invokes: the first one apart, warm-up not measured, profiled ones no samples."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.invoking import Invoking
from harness.measure.arena import Arena
from harness.measure.measurement import Conditions, Measurement
from harness.models import tflite
from harness.protocol.client import InvokeTimes
from harness.protocol.messages import OpTicks

MODEL = tflite.load(Path(__file__).parents[2] / "test_cases" / "models" / "sine_int8.tflite")
PICO = Conditions("pico", "E6", "tflm", "RP2040", 125_000_000, 32, "4f1c2aa0", "90b983c", "gcc 13")
OPS = tuple(OpTicks(index, "FULLY_CONNECTED", ticks) for index, ticks in enumerate((1250, 2500, 1250)))


class Device:
    """Its n-th invoke takes n us, the first one 100 us more; remembers what it was asked for."""

    def __init__(self, ops=OPS):
        self.invokes = 0
        self.asked = []
        self.ops = ops

    def __call__(self, *, warmup, repeats, profile):
        self.asked.append((warmup, repeats, profile))
        first = self.invokes + warmup
        self.invokes = first + repeats
        us = [number + 1 + (100 if number == 0 else 0) for number in range(first, self.invokes)]
        return InvokeTimes(125_000_000, tuple(125 * each for each in us), self.ops if profile else ())


@pytest.fixture
def device():
    return Device()


@pytest.fixture
def measurement():
    return Measurement("sine_int8", "00" * 32, PICO, Arena(4096, None, None, None, {}, 32))


@pytest.fixture
def measure(device, measurement):
    invoking = Invoking(MODEL)

    def run(*, warmup=0, repeats=1, profile=False, quiet=None):
        return invoking.measure(device, measurement, warmup=warmup, repeats=repeats, profile=profile, quiet=quiet)

    return run


def test_the_first_invoke_is_measured_even_if_it_is_warm_up(device, measurement, measure):
    latency = measure(warmup=3, repeats=2).latency
    assert device.asked == [(0, 1, False), (2, 2, False)]
    assert device.invokes == 5
    assert (latency.cold_us, latency.samples_us) == (101.0, (4.0, 5.0))
    assert latency.timing.warmup == measurement.warmup == 2
    assert measurement.samples_us == [101.0, 4.0, 5.0]


def test_without_warm_up_the_first_of_the_measured_ones_is_it(device, measurement, measure):
    latency = measure(repeats=3).latency
    assert device.asked == [(0, 3, False)]
    assert (latency.cold_us, latency.samples_us) == (101.0, (2.0, 3.0))
    assert measurement.latency == latency


def test_later_calls_have_no_first_invoke(device, measurement, measure):
    measure()
    latency = measure(warmup=2, repeats=2).latency
    assert device.asked == [(0, 1, False), (2, 2, False)]
    assert (latency.cold_us, latency.samples_us) == (None, (4.0, 5.0))
    assert (measurement.latency.cold_us, measurement.latency.samples_us) == (101.0, (4.0, 5.0))


def test_conditions_are_kept(measurement, measure):
    timing = measure(warmup=5, repeats=2, quiet=True).latency.timing
    assert (timing.what, timing.clock_hz, timing.warmup, timing.quiet) == ("sine_int8 on pico", 125_000_000, 4, True)
    assert timing.board.startswith("pico E6 (RP2040, 125 MHz, 32-bit), firmware 4f1c2aa0")
    measure()
    assert measurement.interrupts == {"interrupts masked", "USB held back for 1 s"}


def test_a_profile_has_times_and_macs(measurement, measure):
    ops = measure(warmup=1, profile=True).profile
    assert [(op.name, op.microseconds, op.macs, op.depth) for op in ops] == [
        ("FULLY_CONNECTED", 10.0, 16, 0),
        ("FULLY_CONNECTED", 20.0, 256, 0),
        ("FULLY_CONNECTED", 10.0, 16, 0),
    ]
    assert measurement.profile == ops


@pytest.mark.parametrize("names", [("FULLY_CONNECTED",) * 2, ("FULLY_CONNECTED", "ADD", "FULLY_CONNECTED")])
def test_operators_that_are_not_the_models_have_no_macs(device, measure, names):
    device.ops = tuple(OpTicks(index, name, 125) for index, name in enumerate(names))
    ops = measure(profile=True).profile
    assert [(op.name, op.microseconds, op.macs, op.depth) for op in ops] == [(name, 1.0, None, None) for name in names]


def test_an_invoke_that_is_profiled_is_no_sample_of_those_that_are_not(measurement, measure):
    measure(repeats=3)
    measure(repeats=2, profile=True)
    assert measurement.samples_us == [101.0, 2.0, 3.0, 4.0]
    measure(profile=True)
    assert measurement.samples_us == [101.0, 2.0, 3.0, 4.0]


def test_a_first_invoke_that_is_profiled_is_kept_as_the_first(measurement, measure):
    measure(profile=True)
    measure(repeats=2)
    assert measurement.samples_us == [101.0, 2.0, 3.0]
    assert measurement.latency.cold_us == 101.0
