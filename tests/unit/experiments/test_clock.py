"""The clock's figures, and invokes under different interrupts, on a board under the test's own hand."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from harness.errors import Misuse
from harness.experiments.clock import examine_clock, read_clock
from harness.measure.clock import Clock
from harness.measure.latency import Latency, Timing
from harness.models import tflite
from harness.report.clock import clock_json, clock_table

MODEL = tflite.load(Path(__file__).parents[3] / "test_cases" / "models" / "sine_int8.tflite")
CLOCK = Clock(125_000_000, 1, 3, 5, 2)
INPUT = np.zeros((1, 1), np.int8)


class Session:
    """An invoke takes 100 us; 1 us more if USB is served, and 5 us more if it has something to do."""

    def __init__(self):
        self.calls = []
        self.measurement = SimpleNamespace(conditions=SimpleNamespace(describe=lambda: "pico E6 (RP2040, 125 MHz)"))

    def invoke(self, *inputs, repeats=1, warmup=0, quiet=None, traffic=0):
        self.calls.append(("invoke", len(inputs), repeats, warmup, quiet, traffic))
        us = 100.0 + (quiet is False) + 5 * bool(traffic)
        return SimpleNamespace(latency=Latency((us,) * repeats, timing=Timing(clock_hz=125_000_000, quiet=quiet)))

    def reopen(self):
        self.calls.append("reopen")


class Bench:
    def __init__(self, *features):
        self.identity = SimpleNamespace(features=features)
        self.session = Session()

    def clock(self):
        return SimpleNamespace(
            tick_hz=125_000_000, resolution_ticks=1, overhead_ticks=3, overhead_max_ticks=5, subtracted_ticks=2
        )

    def open(self, model):
        assert model is MODEL
        return contextlib.nullcontext(self.session)


def shown(report) -> str:
    text = io.StringIO()
    Console(file=text, width=100, highlight=False).print(clock_table(report))
    return text.getvalue()


def test_a_clock_is_read_from_boards_that_measure_it():
    assert read_clock(Bench("clock")) == CLOCK
    assert read_clock(Bench()) is None


def test_each_series_begins_anew_and_is_compared_with_masked_interrupts():
    bench = Bench("clock", "quiet")
    report = examine_clock(bench, MODEL, [INPUT], repeats=7, warmup=2)
    assert bench.session.calls == [
        ("invoke", 1, 7, 2, True, 0),
        "reopen",
        ("invoke", 1, 7, 2, None, 0),
        "reopen",
        ("invoke", 1, 7, 2, False, 0),
    ]
    assert [(each.interrupts, each.added_us) for each in report.series] == [
        ("interrupts masked", None),
        ("USB held back for 1 s", 0.0),
        ("USB served", 1.0),
    ]
    assert report.clock == CLOCK


def test_with_traffic_all_invokes_have_some():
    bench = Bench("quiet")
    report = examine_clock(bench, MODEL, [INPUT], repeats=40, traffic=True)
    assert bench.session.calls[-3:] == [("invoke", 0, count, 4, False, 2048) for count in (16, 16, 8)]
    assert report.series[-1].latency.count == 40
    assert report.series[-1].added_us == 6.0


def test_a_board_that_cannot_choose_has_one_series():
    report = examine_clock(Bench(), MODEL, [INPUT], repeats=3)
    assert [(each.latency.count, each.added_us) for each in report.series] == [(3, None)]
    assert "this board does not measure it" in shown(report)
    with pytest.raises(Misuse, match="`quiet` expected"):
        examine_clock(Bench(), MODEL, [INPUT], traffic=True)


def test_the_table_says_what_is_subtracted_and_what_interrupts_add():
    text = shown(examine_clock(Bench("clock", "quiet"), MODEL, [INPUT], repeats=7))
    assert "125 MHz, a tick is 0.008 us; smallest step 1 tick" in text
    assert "2 ticks of its own are subtracted on the board" in text
    assert "still shows 3, at most 5 (0.040 us)" in " ".join(text.split())
    [served] = [line.split() for line in text.splitlines() if line.startswith("USB served")]
    assert served[-3:] == ["1.000", "us", "(+1.00%)"]
    assert served[2] == "7"


def test_the_json_has_all_of_it():
    told = json.loads(json.dumps(clock_json(examine_clock(Bench("clock", "quiet"), MODEL, [INPUT], repeats=7))))
    assert told["clock"]["overhead_ticks"] == 3
    assert [each["added_us"] for each in told["series"]] == [None, 0.0, 1.0]
    assert told["series"][2]["latency_us"]["samples"] == [101.0] * 7
    assert told["series"][2]["latency_us"]["measured"]["quiet"] is False
