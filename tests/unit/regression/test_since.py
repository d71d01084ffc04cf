"""Since when a figure is worse: the change that explains the step, and no older one."""

from dataclasses import replace

import pytest

from harness.regression.judge import Verdict, judge
from harness.regression.words import since_in_words
from tests.support.runs import BOARD, PICO, board, figure, night, series
from tests.unit.regression.nights import over_nights

WORSE = Verdict.WORSE


def test_a_change_is_named_with_its_day_build_and_size():
    builds = ["b1", "b1", "b2", "b2"]
    finding = over_nights("latency.median", [100, 100, 107, 107], 107, builds=builds, before=100)
    # The first night is Sunday 2026-11-15.
    assert since_in_words(finding.since) == "since Tuesday 2026-11-17, firmware build b2, +7.0 %"


def test_a_change_of_tonight_and_one_without_another_build():
    finding = over_nights("latency.median", [100, 100], 107, before=100)
    assert since_in_words(finding.since) == "since Tuesday 2026-11-17, firmware build b_now, +7.0 %"
    finding = over_nights("latency.median", [100, 100, 107, 107], 107, builds=["b1"] * 4, before=100)
    assert since_in_words(finding.since) == "since Tuesday 2026-11-17, firmware build b1 (the same as before), +7.0 %"


def test_a_change_that_came_with_another_compiler_names_it():
    past = series("arena.used", [1000, 1000])
    run = night(2, figure(value=1016, conditions=board(build="b2", compiler="GCC 14")))
    [finding] = judge(run, [], [past]).findings
    assert "compiler GCC 12.2.1 -> GCC 14, +1.6 %" in since_in_words(finding.since)


def test_one_slow_night_of_a_pico_is_dated_before_it_is_a_change_point():
    values = [100.0, 100.4, 99.6, 100.2, 99.8]
    finding = over_nights("latency.median", values, 107, of=PICO, before=100)
    assert since_in_words(finding.since).startswith("since Friday 2026-11-20, firmware build b_now, +7.0 %")
    finding = over_nights("latency.median", [*values, 107.2], 107, of=PICO, before=100)
    assert since_in_words(finding.since).startswith("since Friday 2026-11-20, firmware build b5, +7")


def test_what_was_always_beyond_the_baseline_has_no_day():
    finding = over_nights("latency.median", [107.0] * 3, 107, before=100)
    assert finding.verdict is WORSE and finding.since is None and since_in_words(finding.since) == ""


def test_a_small_gain_after_a_loss_is_not_since_when_it_is_worse():
    finding = over_nights("arena.used", [1000, 1000, 1016, 1016], 1008, before=1000)
    assert since_in_words(finding.since) == "since Tuesday 2026-11-17, firmware build b2, +1.6 %"


def test_an_old_spike_is_not_the_change():
    finding = over_nights("arena.used", [1000, 1032, 1000, 1000], 1016, before=1000)
    assert finding.since is not None and finding.since.first.conditions["build"] == "b_now"


def test_nights_whose_tests_failed_date_a_change_and_are_no_measure():
    """A regression that also breaks a test's limit has one day, not another one each night."""
    past = series("arena.used", [1000, 1000, 1016, 1016])
    past = replace(past, points=tuple(replace(point, passed=point.value == 1000) for point in past.points))
    run = night(4, figure(value=1016, outcome="failed"), outcomes={"t.yaml::t": "failed"})
    [finding] = judge(run, [], [past]).findings
    assert (finding.verdict, finding.before, finding.against) == (WORSE, 1000, "the last 2 nights")
    assert since_in_words(finding.since).startswith("since Tuesday 2026-11-17")
    assert finding.notes == ("its test: failed",)


def day_of(finding):
    """The night of the change, counted from 0, and its step in percent."""
    change = finding.since
    return (change.first.when - night(0).started).days, round(100 * change.relative, 1)


# Ten nights at 1,000 us and ten at 1,050 us, which were then saved as the baseline; off by up to 2 us.
THOUSAND = [1000.6, 999.1, 1001.3, 1000.2, 998.7, 999.9, 1001.8, 1000.1, 999.4, 1000.7]
MORE = [1050.3, 1049.2, 1051.6, 1050.1, 1048.9, 1050.8, 1049.6, 1050.4, 1051.1, 1049.8]


@pytest.mark.parametrize(
    ("values", "now", "before", "expected"),
    [
        # An older step brought it to the level that it is held against now.
        ([*THOUSAND, *MORE], 1150.0, 1050, (20, 9.5)),
        ([*THOUSAND, *MORE, 1150.7, 1149.5, 1150.2], 1150.0, 1050, (20, 9.5)),
        # The baseline is from before both steps: it is worse since the first one.
        ([*THOUSAND, *MORE], 1150.0, 1000, (10, 5.9)),
        ([*THOUSAND, *MORE, 1150.7, 1149.5, 1150.2], 1150.0, 1000, (10, 5.0)),
        # It came back in between.
        ([*THOUSAND, *MORE, *THOUSAND], 1150.0, 1000, (30, 15.0)),
        ([*THOUSAND, *MORE, 1000.4], 1150.0, 1000, (21, 15.0)),
        # Three nights ago, from the level that it is held against.
        ([*THOUSAND, 1070.2, 1069.1, 1071.4], 1070.5, 1000, (10, 7.0)),
        # One night that was as before does not end it.
        ([*THOUSAND, *MORE[:5], 1000.2, *MORE[5:]], 1050.0, 1000, (10, 5.0)),
        # Better.
        ([*MORE, *THOUSAND], 900.0, 1000, (20, -10.0)),
    ],
)
def test_the_change_of_a_figure_that_varies_explains_the_step(values, now, before, expected):
    finding = over_nights("latency.median", values, now, of=PICO, before=before)
    assert day_of(finding) == expected


@pytest.mark.parametrize(
    ("values", "now", "before", "expected"),
    [
        ([1000] * 3 + [1050] * 3, 1150, 1050, (6, 9.5)),
        ([1000] * 3 + [1050] * 3 + [1150] * 3, 1150, 1050, (6, 9.5)),
        ([1000] * 3 + [1050] * 3, 1150, 1000, (3, 5.0)),
        ([1000] * 3 + [1050] * 3 + [1000] * 2, 1150, 1000, (8, 15.0)),
        ([1000] * 3 + [1050] * 3 + [1000] + [1050] * 2, 1050, 1000, (3, 5.0)),
        # An improvement that was not saved, and is lost beyond the baseline.
        ([1000] * 3 + [900] * 3, 1050, 1000, (6, 5.0)),
    ],
)
def test_the_change_of_an_emulators_figure_explains_the_step(values, now, before, expected):
    assert day_of(over_nights("latency.median", values, now, of=BOARD, before=before)) == expected


def test_a_noisy_figure_is_worse_since_its_change_point():
    """3 % of noise: the step of 40 % is beyond it in every night, and so is its day."""
    low = [100.0, 103.1, 97.2, 101.4, 98.8, 102.6, 96.9, 100.7]
    high = [140.0, 136.3, 143.9, 138.8, 141.7]
    finding = over_nights("op.000.CONV_2D", [*low, *high], 139.0, of=PICO, before=100)
    assert day_of(finding)[0] == 8
