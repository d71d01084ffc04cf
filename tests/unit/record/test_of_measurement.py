"""From a session's measurement to the record: every figure, bounded."""

import math

import msgspec
import pytest

from harness.measure.arena import Arena
from harness.measure.measurement import Comparison, Conditions, Measurement
from harness.measure.profile import OpTime
from harness.measure.trace import Trace
from harness.record.model import MAX_SAMPLES
from harness.record.of_measurement import board_of, measurement_of, thinned

CONDITIONS = Conditions("emulator", "E66", "tflm", "RP2040", 125_000_000, 32, "4f1c", "90b983c", "GCC\x1b[31m")


def measured(**changes):
    values = {
        "model": "m",
        "sha256": "ab" * 32,
        "conditions": CONDITIONS,
        "arena": Arena(4096, 2100, 300, 1800, {}, 32),
    }
    return Measurement(**{**values, **changes})


def test_every_figure_of_a_session_is_kept():
    session = measured(
        arena=Arena(4096, 2100, 300, 1800, {"variables": 64}, 32, 3360),
        samples_us=[9.0, *range(1, 12)],
        profile=(OpTime(3, "CONV_2D", 5.5, 100, 0),),
        comparisons=[Comparison("reference", 63, 64)],
        scores={"top1": 0.9, "r2": math.nan},
        warmup=2,
        interrupts={"interrupts masked"},
        model_bytes=1776,
        options={"arena": 4096},
        traces=[Trace("reference", 0, 1, 0, 2, (0.5, None), (0.5, 1.0))],
    )
    told = measurement_of(session, "emulator-0")
    assert (told.board, told.model_bytes, told.options) == ("emulator-0", 1776, {"arena": 4096})
    assert (told.arena.used, told.arena.minimum, told.arena.categories) == (2100, 3360, {"variables": 64})
    assert (told.latency.count, told.latency.cold_us, told.latency.median) == (11, 9.0, 6.0)
    assert told.latency.interval.low <= 6 <= told.latency.interval.high
    assert (told.latency.warmup, told.latency.interrupts) == (2, "interrupts masked")
    assert (told.profile[0].name, told.profile[0].us, told.profile[0].macs) == ("CONV_2D", 5.5, 100)
    assert (told.comparisons[0].equal, told.comparisons[0].steps) == (63, 64)
    assert told.accuracy == {"top1": 0.9}
    assert told.outputs[0].values == [0.5, None]
    # Plain values, so that it passes from one process to another.
    assert msgspec.convert(msgspec.to_builtins(told), type(told)) == told


def test_a_session_that_was_only_opened_has_no_latency():
    assert measurement_of(measured(), "b").latency is None


def test_samples_are_thinned_evenly_and_counted_all():
    told = measurement_of(measured(samples_us=[float(n) for n in range(30_001)]), "b").latency
    assert (told.count, len(told.samples_us)) == (30_000, MAX_SAMPLES)
    assert told.samples_us[:3] == [1.0, 4.0, 7.0]


@pytest.mark.parametrize("count", [0, 1, 9, 10])
def test_few_samples_are_all_kept(count):
    assert thinned(range(count), 10) == list(range(count))


def test_a_boards_conditions_are_its_own():
    board = board_of("left", "1-2", CONDITIONS)
    assert (board.name, board.place, board.kind, board.clock_hz) == ("left", "1-2", "emulator", 125_000_000)
    assert board.compiler == r"GCC\x1b[31m"
