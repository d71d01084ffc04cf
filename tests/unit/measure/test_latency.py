"""Statistics and durations with literal numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import Misuse
from harness.measure.duration import format_duration, parse_duration
from harness.measure.latency import Latency, Timing

TEN = Latency((10.0, 1.0, 9.0, 2.0, 8.0, 3.0, 7.0, 4.0, 6.0, 5.0), cold_us=99.0)


def test_ten_samples() -> None:
    assert TEN.count == 10
    assert TEN.min == 1.0
    assert TEN.max == 10.0
    assert TEN.mean == 5.5
    assert TEN.median == 5.5
    # Position 0.95 * 9 = 8.55: between the 9th (9.0) and the 10th (10.0).
    assert TEN.p95 == pytest.approx(9.55, abs=1e-12)
    assert TEN.jitter == 9.0
    # 82.5 over 9.
    assert TEN.deviation == pytest.approx(3.0276503540974917)
    assert TEN.cold_us == 99.0


def test_samples_keep_their_order() -> None:
    assert TEN.samples_us[:3] == (10.0, 1.0, 9.0)


def test_the_first_invoke_is_kept_apart() -> None:
    latency = Latency.of_first((99.0, 1.0, 2.0), Timing())
    assert (latency.cold_us, latency.samples_us, latency.max) == (99.0, (1.0, 2.0), 2.0)
    alone = Latency.of_first((99.0,), Timing())
    assert (alone.cold_us, alone.samples_us) == (99.0, (99.0,))


def test_calls_one_after_the_other_are_one_series() -> None:
    first = Latency.of_first((99.0,), Timing(warmup=1))
    joined = Latency.joined([first, Latency((1.0,)), Latency((2.0,))])
    assert (joined.cold_us, joined.samples_us, joined.timing.warmup) == (99.0, (1.0, 2.0), 1)
    assert Latency.joined([first]).samples_us == (99.0,)
    later = Latency.joined([Latency((1.0,)), Latency((2.0,))])
    assert (later.cold_us, later.samples_us) == (None, (1.0, 2.0))
    apart = Latency.of_first((99.0, 3.0), Timing())
    assert Latency.joined([apart, Latency((1.0,))]) == Latency((3.0, 1.0), 99.0)


def test_one_sample_is_every_figure() -> None:
    one = Latency((644.0,))
    assert {one.min, one.max, one.mean, one.median, one.p95} == {644.0}
    assert one.jitter == one.deviation == 0.0
    assert (one.interval, one.modes, one.outliers) == (None, None, ())


def test_odd_number_has_a_middle() -> None:
    assert Latency((3.0, 1.0, 2.0)).median == 2.0


@pytest.mark.parametrize(
    "figure", ["min", "max", "mean", "median", "p95", "jitter", "deviation", "interval", "modes", "outliers"]
)
def test_no_samples(figure: str) -> None:
    with pytest.raises(Misuse, match="no duration was measured"):
        getattr(Latency(()), figure)


def test_no_samples_can_be_counted_and_shown() -> None:
    assert Latency((), cold_us=5.0).count == 0
    assert str(Latency(())) == "no samples"


@pytest.mark.parametrize("sample", [-1.0, float("nan"), float("inf")])
def test_impossible_samples(sample: float) -> None:
    with pytest.raises(Misuse, match="a finite number from 0 is expected"):
        Latency((1.0, sample))
    with pytest.raises(Misuse, match="a finite number from 0 is expected"):
        Latency((1.0,), cold_us=sample)


def test_a_list_becomes_a_tuple() -> None:
    samples = [1.0, 2.0]
    latency = Latency(samples)  # type: ignore[arg-type]
    samples.append(100.0)
    assert latency.samples_us == (1.0, 2.0)
    assert hash(latency) == hash(Latency((1.0, 2.0)))


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=50), st.floats(0, 1))
def test_quantiles_are_numpys(samples: list[float], share: float) -> None:
    ours = Latency(tuple(samples)).quantile(share)
    assert ours == pytest.approx(float(np.quantile(samples, share)), rel=1e-9, abs=1e-9)
    assert min(samples) <= ours <= max(samples)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_quantile_out_of_range(share: float) -> None:
    with pytest.raises(Misuse, match="0 to 1 is expected"):
        TEN.quantile(share)


@pytest.mark.parametrize(
    ("samples", "text"),
    [
        ((644.0, 644.0, 656.0, 644.0, 656.0), "median 0.644 / p95 0.656 ms"),
        ((64.5,), "median 64.50 / p95 64.50 us"),
        ((800_400.0, 800_600.0), "median 800.5 / p95 800.6 ms"),
        ((2_500_000.0,), "median 2.500 / p95 2.500 s"),
        # One unit for both, the median's.
        ((90.0, 90.0, 1200.0), "median 90.00 / p95 1089.0 us"),
    ],
)
def test_text(samples: tuple[float, ...], text: str) -> None:
    assert str(Latency(samples)) == text


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("5 ms", 5000.0),
        ("640 us", 640.0),
        ("640µs", 640.0),
        ("1.5 s", 1_500_000.0),
        ("250 ns", 0.25),
        (" 0.1ms ", 100.0),
    ],
)
def test_parse_duration(text: str, us: float) -> None:
    assert parse_duration(text) == us


@pytest.mark.parametrize(
    "text", ["", "5", "ms", "-5 ms", "5 m", "5 MS", "1e3 us", "nan us", "5 ms 3", "1,000 us", 5, True, None]
)
def test_bad_duration(text: Any) -> None:
    with pytest.raises(ValueError, match='is not a duration; expected .*"5 ms"'):
        parse_duration(text)


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0.0, "0.000 us"),
        (0.25, "0.250 us"),
        (99.0, "99.00 us"),
        (100.0, "0.100 ms"),
        (644.0, "0.644 ms"),
        (12345.0, "12.35 ms"),
    ]
    + [(800_400.0, "800.4 ms"), (1_500_000.0, "1.500 s"), (125e6, "125.0 s")],
)
def test_format_duration(us: float, text: str) -> None:
    assert format_duration(us) == text


@given(st.floats(1, 1e10))
def test_format_and_parse(us: float) -> None:
    assert parse_duration(format_duration(us)) == pytest.approx(us, rel=6e-3)
