import numpy as np
import pytest

from harness.history.changes import divergences, noisy_spikes, noisy_starts, trend_of
from harness.history.student import incomplete_beta, p_value, two_sided
from tests.support.runs import FIRST_NIGHT, HOST, PICO, series

# Fourteen nights of a Pico with about 1 % of noise; the second half of the second series is 7 % slower.
CALM = [100.4, 99.1, 100.9, 99.8, 101.2, 98.9, 100.1, 100.6, 99.3, 99.9, 101.0, 99.5, 100.3, 99.7]
STEP = [*CALM[:9], *(round(value * 1.07, 1) for value in CALM[9:])]


def noise(count, sigma, *, seed, step_at=None, step=0.07):
    values = 100 * (1 + sigma * np.random.default_rng(seed).standard_normal(count))
    if step_at is not None:
        values[step_at:] *= 1 + step
    return list(values)


@pytest.mark.parametrize(
    ("t", "freedom", "probability"),
    # Of the tables of Student's distribution that every textbook has.
    [(12.706, 1, 0.05), (2.571, 5, 0.05), (4.032, 5, 0.01), (3.169, 10, 0.01), (2.750, 30, 0.01), (0, 7, 1)],
)
def test_student(t, freedom, probability):
    assert two_sided(t * t, freedom) == pytest.approx(probability, rel=2e-3)


def test_incomplete_beta_at_its_ends_and_by_its_symmetry():
    assert (incomplete_beta(2, 3, 0), incomplete_beta(2, 3, 1)) == (0, 1)
    # I_x(2, 3) = 6 x^2 - 8 x^3 + 3 x^4.
    for x in (0.1, 0.5, 0.9):
        assert incomplete_beta(2, 3, x) == pytest.approx(6 * x**2 - 8 * x**3 + 3 * x**4)
        assert incomplete_beta(3, 2, 1 - x) == pytest.approx(1 - incomplete_beta(2, 3, x))


def test_equal_means_are_no_difference_and_values_without_scatter_any():
    assert p_value([1, 2], [2, 1]) == 1
    assert p_value([1, 1], [2, 2]) == 0


def test_divergence_is_that_of_the_paper():
    # By hand: mean distance across 3.5, within 1 and 2; 2 * 3.5 - 3 = 4, times 2 * 3 / 5.
    values, places = np.array([0.0, 1, 3, 4, 5]), np.array([2])
    across = np.mean([3, 4, 5, 2, 3, 4])
    within_new = np.mean([1, 2, 1])
    expected = (2 * across - 1 - within_new) * 6 / 5
    assert divergences(values, places)[0] == pytest.approx(expected)


def test_noise_is_no_change():
    trend = trend_of(series("latency.median", CALM, of=PICO))
    assert (trend.changes, trend.spikes, trend.exact) == ((), (), False)


def test_a_step_is_found_with_its_night_build_and_size():
    [change] = trend_of(series("latency.median", STEP, of=PICO)).changes
    assert (change.first.when - FIRST_NIGHT).days == 9
    assert (change.last.conditions["build"], change.first.conditions["build"]) == ("b8", "b9")
    assert change.relative == pytest.approx(0.07, abs=0.01)
    assert change.probability < 0.001
    assert ("build", "b8", "b9") in change.differing


def test_two_steps_are_two_changes():
    values = [*CALM, *(1.07 * value for value in CALM), *CALM]
    assert noisy_starts(values) == [14, 28]


@pytest.mark.parametrize("nights", [7, 14, 30])
@pytest.mark.parametrize("sigma", [0.01, 0.02])
def test_false_alarms_are_as_rare_as_they_may_be(nights, sigma):
    alarms = sum(bool(noisy_starts(noise(nights, sigma, seed=seed))) for seed in range(300))
    # 1 % is allowed for: of 300 more than 9 would be so in 0.1 % of cases.
    assert alarms <= 9


@pytest.mark.parametrize(
    ("nights", "sigma", "share"),
    [(7, 0.01, 0.9), (14, 0.01, 0.98), (30, 0.01, 0.99), (14, 0.02, 0.75), (30, 0.02, 0.9)],
)
def test_a_step_of_seven_percent_is_found(nights, sigma, share):
    at = nights - 3 if nights < 14 else nights - 5
    found = [noisy_starts(noise(nights, sigma, seed=seed, step_at=at)) for seed in range(200)]
    # With 2 % of noise the first slow night can pass for a fast one.
    near = sum(any(abs(place - at) <= 1 for place in places) for places in found)
    assert near >= share * len(found)


def test_one_night_is_a_spike_and_no_change():
    values = [*CALM[:7], 131.0, *CALM[8:]]
    trend = trend_of(series("latency.median", values, of=PICO))
    assert not trend.changes
    [spike] = trend.spikes
    assert ((spike.point.when - FIRST_NIGHT).days, spike.point.value) == (7, 131.0)
    assert spike.level == pytest.approx(100, abs=2)


def test_a_spike_does_not_hide_a_step():
    values = list(STEP)
    values[4] = 140.0
    trend = trend_of(series("latency.median", values, of=PICO))
    assert [(change.first.when - FIRST_NIGHT).days for change in trend.changes] == [9]
    assert len(trend.spikes) == 1


def test_the_last_night_is_no_spike_yet_and_an_edge_of_a_step_neither():
    assert noisy_spikes([*CALM, 131.0]) == {}
    assert noisy_spikes(STEP) == {}
    assert noisy_spikes([100, 100.5, 99.5, 300, 200, 200.5, 199.5]) == {}


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [1.0, 2.0, 3.0], [5.0] * 10, [0.0] * 5])
def test_few_nights_and_equal_ones_say_nothing(values):
    assert trend_of(series("latency.median", values, of=HOST)).changes == ()


@pytest.mark.parametrize(
    ("name", "values", "starts", "spikes"),
    [
        ("arena.used", [100, 100, 116, 116], [2], []),
        # The smallest step counts, and on the newest night too.
        ("arena.used", [100, 100, 100, 101], [3], []),
        ("latency.median", [18.8, 18.8, 18.808], [2], []),
        ("arena.used", [100, 100, 116, 100, 100], [], [2]),
        ("arena.used", [100, 116, 100, 116, 116], [3], [1]),
        ("arena.used", [100, 100, 116, 120, 120], [2, 3], []),
    ],
)
def test_an_exact_figure_has_changed_where_its_value_did(name, values, starts, spikes):
    trend = trend_of(series(name, values))
    assert [(change.first.when - FIRST_NIGHT).days for change in trend.changes] == starts
    assert [(spike.point.when - FIRST_NIGHT).days for spike in trend.spikes] == spikes
    assert trend.exact


def test_bytes_are_exact_on_every_board():
    assert len(trend_of(series("arena.used", [100, 100, 116], of=HOST)).changes) == 1
