"""The median's certainty, outliers and modes, with literal numbers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.distribution import median_interval, outliers, standard_deviation, two_modes
from harness.measure.latency import Latency

SERIES = st.lists(st.floats(0, 1e9), min_size=1, max_size=60)


def interval(*samples: float):
    return median_interval(samples, sorted(samples))


def modes(*samples: float):
    return two_modes(sorted(samples))


# --- the median's certainty ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 5])
def test_fewer_than_six_samples_tell_nothing_of_the_median(count: int) -> None:
    assert interval(*[1.0] * count) is None


@pytest.mark.parametrize(
    ("count", "low", "high", "level"),
    [
        # Of 6 samples all are on one side of the median in 2 of 64 cases.
        (6, 1, 6, 0.96875),
        # 1 - 2 * (1 + 8) / 2^8 is only 0.93: the outermost ones again.
        (8, 1, 8, 1 - 2 / 256),
        (9, 2, 8, 1 - 2 * 10 / 512),
        (10, 2, 9, 1 - 2 * 11 / 1024),
        (100, 40, 61, 0.9647998),
        (1000, 469, 532, 0.9537),
    ],
)
def test_the_interval_of_the_median_has_the_binomials_ranks(count: int, low: int, high: int, level: float) -> None:
    told = interval(*[float(number) for number in range(1, count + 1)])
    assert (told.low, told.high) == (low, high)
    assert told.level == pytest.approx(level, abs=5e-5)


def test_the_ranks_are_exact_for_every_number_of_samples() -> None:
    for count in range(6, 200):
        rank = 0
        while sum(math.comb(count, k) for k in range(rank + 1)) * 40 <= 2**count:
            rank += 1
        outside = sum(math.comb(count, k) for k in range(rank)) / 2**count
        told = interval(*map(float, range(1, count + 1)))
        assert (told.low, told.high) == (rank, count + 1 - rank)
        assert told.level == pytest.approx(1 - 2 * outside, abs=1e-12)


@pytest.mark.parametrize(
    ("samples", "needed"),
    [
        ([100.0] * 50, 6),
        # One that is too long may be outside from 9 samples on.
        ([200.0] + [100.0] * 49, 9),
        # Of the last of three the interval leaves the band again; from 15 samples on three may be outside.
        ([100.0] * 8 + [200.0] * 3 + [100.0] * 30, 15),
        # The median is 105; 100 and 110 are further away than 1 %.
        ([100.0, 110.0] * 10, None),
        ([100.0] * 6 + [102.0] * 6, 6),
        ([100.0] * 6 + [102.1] * 6, None),
    ],
)
def test_how_many_invokes_were_needed(samples: list[float], needed: int | None) -> None:
    assert interval(*samples).needed == needed


@given(SERIES)
def test_the_interval_holds_the_median(samples: list[float]) -> None:
    latency = Latency(tuple(samples))
    told = latency.interval
    if told is None:
        assert latency.count < 6
        return
    assert latency.min <= told.low <= latency.median <= told.high <= latency.max
    assert 0.95 <= told.level < 1
    assert told.needed is None or 6 <= told.needed <= latency.count


# --- outliers --------------------------------------------------------------------------------------------------------


def test_an_outlier_is_named_by_index_value_and_score() -> None:
    # The median is 11 and the MAD 1.
    [outlier] = outliers([10.0, 11.0, 12.0, 11.0, 10.0, 100.0])
    assert (outlier.index, outlier.us) == (5, 100.0)
    assert outlier.score == pytest.approx(0.6745 * 89)


def test_too_short_is_an_outlier_too() -> None:
    [outlier] = outliers([10.0, 11.0, 1.0, 12.0, 11.0, 10.0])
    assert (outlier.index, outlier.us) == (2, 1.0)
    assert outlier.score < -3.5


@pytest.mark.parametrize(
    ("value", "found"),
    # 3.5 / 0.6745 is 5.189: with a MAD of 1 that is the furthest that belongs to the rest.
    [(105.18, 0), (105.20, 1), (94.82, 0), (94.80, 1)],
)
def test_the_limit_of_the_score(value: float, found: int) -> None:
    assert len(outliers([99.0, 100.0, 101.0, 99.0, 101.0, 100.0, 99.0, 101.0, value])) == found


@pytest.mark.parametrize(("value", "found"), [(100.008, 0), (100.51, 0), (100.53, 1), (99.47, 1)])
def test_where_most_samples_are_equal_half_a_percent_makes_an_outlier(value: float, found: int) -> None:
    assert len(outliers([100.0] * 50 + [value])) == found


def test_in_a_series_of_zeros_whatever_is_not_zero_is_an_outlier() -> None:
    [outlier] = outliers([0.0] * 9 + [0.5])
    assert (outlier.index, outlier.score) == (9, math.inf)


@given(st.floats(0, 1e9), st.integers(1, 50))
def test_a_constant_series_has_no_outliers_and_no_modes(value: float, count: int) -> None:
    latency = Latency((value,) * count)
    assert latency.outliers == ()
    assert latency.modes is None
    assert latency.deviation == 0.0


@given(SERIES)
def test_outliers_are_samples_and_never_the_majority(samples: list[float]) -> None:
    found = Latency(tuple(samples)).outliers
    assert all(samples[outlier.index] == outlier.us for outlier in found)
    assert [outlier.index for outlier in found] == sorted({outlier.index for outlier in found})
    assert len(found) <= len(samples) / 2


# --- modes -----------------------------------------------------------------------------------------------------------


def test_a_bimodal_series_is_reported_as_such() -> None:
    # A cache that hits seven times and misses three times, with a jitter of 1 us.
    fast = [100.0, 100.5, 99.5, 101.0, 99.0, 100.2, 99.8]
    slow = [150.0, 151.0, 149.0]
    latency = Latency(tuple((fast + slow) * 20))
    found = latency.modes
    assert found is not None
    assert (found.lower.median, found.upper.median) == (100.0, 150.0)
    assert found.lower.share == pytest.approx(0.7)
    assert found.upper.share == pytest.approx(0.3)
    assert found.boundary == 125.0
    # 49 us apart, with standard deviations of 0.6 and 0.8 us.
    assert 65 < found.separation < 100
    # What is usual in its own mode is no outlier.
    assert latency.outliers == ()


def test_two_exact_values_are_two_modes() -> None:
    found = modes(*[100.0] * 80, *[150.0] * 20)
    assert (found.lower.median, found.lower.share, found.upper.median) == (100.0, 0.8, 150.0)
    assert found.separation == math.inf


def test_outliers_neither_hide_modes_nor_make_one() -> None:
    samples = [100.0, 101.0, 99.0, 150.0] * 50
    latency = Latency((*samples, 90_000.0, 95_000.0))
    assert latency.modes is not None
    assert latency.modes.upper.median == 150.0
    assert [outlier.index for outlier in latency.outliers] == [200, 201]
    assert modes(*[100.0, 101.0, 99.0] * 60, 90_000.0, 95_000.0, 99_000.0) is None


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        ([100.0] * 10 + [150.0] * 9, "fewer than 20 samples"),
        ([100.0] * 92 + [150.0] * 8, "less than a tenth of the samples"),
        ([100.0] * 50 + [100.9] * 50, "less than 1 % apart"),
        ([float(number) for number in range(100)], "no valley"),
        ([100.0, 101.0, 102.0] * 30, "ticks of a coarse clock"),
    ],
)
def test_what_is_not_two_modes(samples: list[float], why: str) -> None:
    assert modes(*samples) is None, why


@pytest.mark.parametrize(
    "draw",
    [
        lambda r: r.gauss(100, 3),
        lambda r: r.uniform(90, 110),
        lambda r: 100 + r.expovariate(0.2),
        lambda r: 100 * r.paretovariate(3),
        lambda r: float(round(r.gauss(100, 1.5))),
    ],
    ids=["normal", "uniform", "exponential", "pareto", "ticks"],
)
def test_a_series_with_one_mode_is_not_cut_in_two(draw: Callable[[random.Random], float]) -> None:
    found = 0
    for seed in range(40):
        drawn = random.Random(seed)
        found += modes(*(draw(drawn) for _ in range(150))) is not None
    assert found <= 1


@given(SERIES)
def test_the_shares_of_modes_are_all_samples(samples: list[float]) -> None:
    found = two_modes(sorted(samples * 5))
    if found is not None:
        below = sum(sample <= found.boundary for sample in samples * 5)
        assert found.lower.share == pytest.approx(below / (5 * len(samples)))
        assert found.lower.share + found.upper.share == pytest.approx(1)
        assert found.lower.median < found.boundary < found.upper.median


# --- the standard deviation ------------------------------------------------------------------------------------------


def test_the_standard_deviation_of_a_sample() -> None:
    # Squared distances from 5: 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32, over 7.
    assert standard_deviation([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]) == pytest.approx(math.sqrt(32 / 7))
    assert standard_deviation([5.0]) == 0.0
