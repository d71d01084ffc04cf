"""Profiles, and the effect of interrupts, as the real firmware gives them."""

import numpy as np
import pytest

from harness.errors import LimitExceeded
from harness.experiments.clock import examine_clock


@pytest.fixture
def bench(firmware, open_bench):
    return open_bench(firmware, "shapes_int8", "accumulator")


def zeros(model):
    return [np.zeros(spec.shape, spec.dtype) for spec in model.inputs]


def test_a_profile_counts_what_operators_compute_and_is_the_same_every_time(bench):
    session = bench.open("shapes_int8")
    profile = session.profile(*zeros(session), repeats=3)
    assert profile == session.profile(*zeros(session), repeats=3)
    macs = {f"{op.index} {op.name}": op.macs for op in profile.ops if op.macs is not None}
    assert macs == {"0 CONV_2D": 4608, "1 DEPTHWISE_CONV_2D": 4608, "2 CONV_2D": 8192, "5 FULLY_CONNECTED": 1024}
    # A Cortex-M0+ loads two values, multiplies and adds: no operator can do that in 4 cycles.
    assert all(profile.cycles_per_mac_of(op) > 4 for op in profile.ops if op.macs)
    assert profile.microseconds == pytest.approx(session.invoke(*zeros(session)).latency.median, rel=0.01)


@pytest.mark.parametrize(("warmup", "names"), [(0, {"ASSIGN_VARIABLE", "VAR_HANDLE"}), (1, set())])
def test_the_operators_that_call_once_runs_are_told_apart(bench, warmup, names):
    session = bench.open("accumulator")
    profile = session.profile(*zeros(session), warmup=warmup)
    assert profile.matched
    assert {op.name for op in profile.ops if op.depth} == names


def test_a_limit_in_cycles_is_one_of_the_boards_clock(bench):
    session = bench.open("shapes_int8")
    latency = session.invoke(*zeros(session), repeats=10, warmup=2).latency
    cycles = round(latency.median * 125)
    latency.assert_below(median=f"{cycles} cycles")
    with pytest.raises(LimitExceeded, match=rf"at most {cycles - 1:,} cycles .* {cycles:,} cycles .* came"):
        latency.assert_below(median=f"{cycles - 1} cycles")


def test_usb_takes_time_from_an_invoke_only_if_it_is_served_and_used(bench):
    model = bench.library.find("shapes_int8")
    report = examine_clock(bench, model, zeros(model), repeats=20, traffic=True)
    added = {series.interrupts: series.added_us for series in report.series}
    assert added["USB held back for 1 s"] == added["USB served"] == 0.0
    # One interrupt: its entry, the driver's work, its end.
    assert 1 < added["USB served and used"] < 20
    assert report.clock is not None
    assert report.clock.overhead_max_ticks < 10
