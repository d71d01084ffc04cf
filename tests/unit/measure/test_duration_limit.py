"""Limits of durations, and what a figure above one says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness.errors import LimitExceeded, Misuse
from harness.measure.duration_limit import DurationLimit, parse_duration_limit
from harness.measure.latency import Latency, Timing

PICO = Timing("m on pico", "pico E6 (RP2040, 125 MHz, 32-bit)", 125_000_000, warmup=5)
# Median 3 us, p95 80.8 us; the first invoke took 150 us.
LATENCY = Latency((1.0, 2.0, 3.0, 4.0, 100.0), cold_us=150.0, timing=PICO)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("20 ms", DurationLimit(us=20_000.0)),
        ("640us", DurationLimit(us=640.0)),
        ("2,500,000 cycles", DurationLimit(cycles=2_500_000)),
        ("2500000 cycles", DurationLimit(cycles=2_500_000)),
        ("7cycles", DurationLimit(cycles=7)),
    ],
)
def test_limits_in_time_and_in_cycles(text: str, limit: DurationLimit) -> None:
    assert parse_duration_limit(text) == limit


@pytest.mark.parametrize("text", ["20", "cycles", "2.5e6 cycles", "1,00 cycles", "-1 cycles", "1.5 cycles", 20, None])
def test_what_is_no_limit(text: Any) -> None:
    with pytest.raises(ValueError, match='expected a number with ns, us, ms or s.*"2,500,000 cycles"'):
        parse_duration_limit(text)


def test_cycles_are_time_on_a_board_with_a_clock_only() -> None:
    limit = parse_duration_limit("2,500,000 cycles")
    assert limit.microseconds(125_000_000) == 20_000.0
    assert limit.describe(125_000_000) == "2,500,000 cycles (20.00 ms)"
    with pytest.raises(Misuse, match="2,500,000 cycles for a board without a fixed clock"):
        limit.microseconds(None)


def test_figures_within_their_limits() -> None:
    LATENCY.assert_below(median="3 us", p95="81 us", max="100 us", cold="150 us", jitter="99 us")
    LATENCY.assert_below(median="375 cycles", max="12,500 cycles")


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"median": "2 us"}, "invoke median of at most 2.000 us expected, 3.000 us came (1.000 us too long, +50%)"),
        ({"p95": "80.8 ns"}, "invoke p95 of at most 0.081 us expected, 80.80 us came (80.72 us too long, +99900%)"),
        ({"max": "50 us"}, "invoke max of at most 50.00 us expected, 0.100 ms came (50.00 us too long, +100%)"),
        ({"cold": "100 us"}, "first invoke of at most 0.100 ms expected, 0.150 ms came (50.00 us too long, +50%)"),
        ({"jitter": "90 us"}, "invoke jitter of at most 90.00 us expected, 99.00 us came (9.000 us too long, +10%)"),
        ({"median": "0 us"}, "at most 0.000 us expected, 3.000 us came (3.000 us too long);"),
        (
            {"median": "250 cycles"},
            "at most 250 cycles (2.000 us) expected, 375 cycles (3.000 us) came (1.000 us too long, +50%)",
        ),
    ],
)
def test_each_limit_is_compared_with_its_own_figure(limits: dict[str, str], said: str) -> None:
    with pytest.raises(LimitExceeded, match=re.escape(said)):
        LATENCY.assert_below(**limits)


def test_an_excess_names_all_limits_the_figures_and_the_conditions() -> None:
    with pytest.raises(LimitExceeded) as caught:
        LATENCY.assert_below(median="2 us", p95="90 us", max="50 us")
    assert caught.value.message == (
        "m on pico: invoke median of at most 2.000 us expected, 3.000 us came (1.000 us too long, +50%); "
        "invoke max of at most 50.00 us expected, 0.100 ms came (50.00 us too long, +100%); "
        "median 3.000 / p95 80.80 us\n"
        "measured: 5 invokes after 5 of warm-up, the first one apart, USB held back for 1 s\n"
        "on pico E6 (RP2040, 125 MHz, 32-bit)"
    )


def test_cycles_on_the_host_are_a_misuse_even_if_the_limit_would_hold() -> None:
    with pytest.raises(Misuse, match="without a fixed clock"):
        Latency((1.0,)).assert_below(median="1,000,000 cycles")


def test_a_first_invoke_that_was_not_measured_has_no_limit() -> None:
    with pytest.raises(Misuse, match="the first invoke after opening is not among these"):
        Latency((1.0,)).assert_below(cold="1 s")


def test_no_limits_at_all_check_nothing_and_are_a_misuse() -> None:
    with pytest.raises(Misuse, match="at least one limit expected: median, p95, max, cold, jitter"):
        LATENCY.assert_below()
    with pytest.raises(Misuse, match="'5' is not a duration"):
        LATENCY.assert_below(median="5")


@pytest.mark.parametrize(
    ("latency", "said"),
    [
        (
            Latency((1.0,) * 50, 2.0, Timing(warmup=5)),
            "50 invokes after 5 of warm-up, the first one apart, interrupts on",
        ),
        (Latency((2.0,), 2.0), "1 invoke, interrupts on"),
        (Latency((1.0,), timing=Timing(clock_hz=1, quiet=True)), "1 invoke, interrupts masked"),
        (Latency((1.0,), timing=Timing(clock_hz=1, quiet=False)), "1 invoke, USB served"),
    ],
)
def test_conditions_in_words(latency: Latency, said: str) -> None:
    assert latency.conditions() == said
