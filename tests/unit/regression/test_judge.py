from dataclasses import replace
from typing import get_args

import pytest

from harness.record.figures import Spread
from harness.record.model import Board
from harness.regression.baseline import Override, baselines_of
from harness.regression.judge import Reason, Verdict, judge
from harness.regression.threshold import parse_threshold
from tests.support.documents import DOCS, first_words, rows, section
from tests.support.runs import BOARD, HOST, PICO, board, figure, night, series
from tests.unit.regression.nights import over_nights

WORSE, IMPROVED, UNCHANGED = Verdict.WORSE, Verdict.IMPROVED, Verdict.UNCHANGED
REFUSED, NEW, VANISHED, ELSEWHERE = Verdict.NOT_COMPARABLE, Verdict.NEW, Verdict.VANISHED, Verdict.ELSEWHERE
SAME_BUILD = ["b1"] * 20


def against(before, now, **given):
    """The findings of a run with the figures `now` against a baseline with `before`."""
    return judge(night(5, *now), baselines_of(night(0, *before), []), **given)


def verdict(before, now, **given):
    [finding] = against([before], [now], **given).findings
    return finding.verdict


@pytest.mark.parametrize(
    ("name", "of", "before", "now", "expected"),
    [
        ("arena.used", BOARD, 1000, 1000, UNCHANGED),
        ("arena.used", BOARD, 1000, 1001, WORSE),
        ("arena.used", BOARD, 1000, 999, IMPROVED),
        ("latency.median", BOARD, 387.144, 387.152, WORSE),
        ("latency.median", BOARD, 387.144, 387.136, IMPROVED),
        # A computer: a factor of two, and for tiny figures 20 us.
        ("latency.median", HOST, 0.7, 2.3, UNCHANGED),
        ("latency.median", HOST, 0.7, 20.8, WORSE),
        ("latency.median", HOST, 50, 99, UNCHANGED),
        ("latency.median", HOST, 50, 101, WORSE),
        ("arena.used", HOST, 1000, 1016, WORSE),
        ("latency.cold", PICO, 1000, 1049, UNCHANGED),
        ("latency.cold", PICO, 1000, 1051, WORSE),
        ("accuracy.top1", BOARD, 0.92, 0.91, WORSE),
        ("accuracy.top1", BOARD, 0.92, 0.93, IMPROVED),
        ("accuracy.rmse", BOARD, 0.1, 0.2, WORSE),
        ("outputs.reference", HOST, 1, 0.984375, WORSE),
    ],
)
def test_the_verdict_on_a_figure(name, of, before, now, expected):
    assert verdict(figure(name, before, conditions=of), figure(name, now, conditions=of)) is expected


@pytest.mark.parametrize(("width", "expected"), [(0.2, WORSE), (20.0, UNCHANGED)])
def test_a_picos_latency_is_judged_by_its_own_spread(width, expected):
    def measured(value):
        return figure(
            "latency.median", value, conditions=PICO, spread=Spread(100, 5.0, value - width / 2, value + width / 2)
        )

    assert verdict(measured(1000), measured(1010)) is expected


def test_steps_of_both_signs_are_worse_where_a_threshold_says_so():
    [baseline] = baselines_of(night(0, figure(value=1000)), [])
    object.__setattr__(baseline, "overrides", (Override(parse_threshold("±1 %"), figure="arena.*"),))
    came = [judge(night(1, figure(value=value)), [baseline]).findings[0].verdict for value in (985, 990, 1010, 1015)]
    assert came == [WORSE, UNCHANGED, UNCHANGED, WORSE]


def test_new_and_vanished_figures_are_told_with_the_reason():
    names = ("failing", "skipped", "waiting", "missing", "broken.py::a", "there")
    gone = [figure(f"arena.{name}", test=name) for name in names]
    outcomes = {"failing": "failed", "skipped": "skipped", "waiting": "not run", "broken.py": "error"}
    run = night(1, figure("arena.new"), outcomes={**outcomes, "there": "passed"})
    told = {each.key.name: each for each in judge(run, baselines_of(night(0, *gone), [])).findings}
    assert told["arena.new"].verdict is NEW and told["arena.new"].reason == ""
    assert {told[each.name].verdict for each in gone} == {VANISHED}
    assert [(told[each.name].reason, *told[each.name].notes) for each in gone] == [
        ("failed", "its test: failed"),
        ("skipped", "its test: skipped"),
        ("not run", "its test did not run"),
        ("no such test", "its test is not there any more, or was not selected"),
        ("failed", "its file: error"),
        ("not measured", "not measured, and its test passed"),
    ]


def test_a_run_that_was_cut_short_may_not_know_all_of_its_tests():
    before = baselines_of(night(0, figure(test="a"), figure(test="b")), [])
    told = judge(night(1, figure(test="a"), ended="interrupted"), before).of(VANISHED)
    assert [(each.key.test, each.reason) for each in told] == [("b", "not run")]


@pytest.mark.parametrize("there", [BOARD, Board(name="b", kind="emulator", lost="no firmware")])
def test_figures_of_a_board_that_gave_none_are_missed(there):
    before = baselines_of(night(0, figure(), figure(test="h", conditions=HOST)), [])
    run = night(1, figure(test="h", conditions=HOST), outcomes={"h": "passed", "t.yaml::t": "not run"})
    judgement = judge(replace(run, boards=(HOST, there)), before)
    assert [(each.board, each.verdict, each.reason) for each in judgement.findings] == [
        ("emulator", VANISHED, "not run"),
        ("host", UNCHANGED, ""),
    ]
    # Without a baseline the night before tells what is missing.
    past = [series("arena.used", [1000.0])]
    assert [each.board for each in judge(replace(run, boards=(HOST, there)), [], past).of(VANISHED)] == ["emulator"]
    # Baselines of kinds that took no part are nobody's.
    assert not judge(run, before).of(VANISHED)


def test_a_test_that_another_kind_of_board_got_this_time_is_neither_gone_nor_new():
    before = baselines_of(night(0, figure(test="a"), figure(test="b", conditions=HOST)), [])
    run = night(1, figure(test="b"), figure(test="a", conditions=HOST))
    told = {(each.board, each.key.test): each for each in judge(run, before).findings}
    assert {each.verdict for each in told.values()} == {ELSEWHERE}
    assert {place: each.notes for place, each in told.items()} == {
        ("emulator", "a"): ("ran on host this time",),
        ("host", "a"): ("ran on emulator before",),
        ("emulator", "b"): ("ran on host before",),
        ("host", "b"): ("ran on emulator this time",),
    }


def test_a_test_that_failed_on_another_kind_of_board_ran_there_too():
    before = baselines_of(night(0, figure(test="a"), figure(test="b", conditions=HOST)), [])
    run = night(1, figure(test="b", conditions=HOST), outcomes={"a": "failed", "b": "passed"}, boards=(BOARD, HOST))
    [finding] = judge(replace(run, ran_on={"a": frozenset(["host"])}), before).of(ELSEWHERE)
    assert finding.notes == ("ran on host this time",)
    [finding] = judge(replace(run, ran_on={"a": frozenset(["host", "emulator"])}), before).of(VANISHED)
    assert finding.reason == "failed"


@pytest.mark.parametrize(
    "changes", [{"clock_hz": 133_000_000}, {"compiler": "GCC 14"}, {"tflm": "1234567"}, {"chip": "RP2350"}]
)
def test_what_is_not_comparable_is_refused_even_if_equal_and_never_new(changes):
    before, now = figure("latency.median", 5), figure("latency.median", 5, conditions=board(**changes))
    [finding] = against([before], [now]).findings
    assert finding.verdict is REFUSED and finding.notes
    [accepted] = against([before], [now], accepted=list(changes)).findings
    assert accepted.verdict is UNCHANGED and accepted.notes == finding.notes


def test_a_marked_difference_is_told_with_the_verdict():
    [finding] = against([figure(value=1000)], [figure(value=1016, conditions=board(tflm="1234567"))]).findings
    assert (finding.verdict, finding.notes) == (WORSE, ("tflm 90b983c -> 1234567",))


def test_other_boards_do_not_mix():
    judgement = against([figure(conditions=HOST)], [figure(value=5), figure(value=1000, conditions=HOST)])
    assert {(each.board, each.verdict) for each in judgement.findings} == {("emulator", NEW), ("host", UNCHANGED)}


def test_the_worst_comes_first():
    before = [figure(name, 1000) for name in ("arena.a", "arena.b", "arena.c", "arena.d", "arena.e")]
    now = [figure(name, value) for name, value in (("arena.b", 1010), ("arena.a", 1000), ("arena.c", 2000))]
    now += [figure("arena.d", 1), figure("arena.f", 1)]
    order = [(each.key.name[-1], each.verdict) for each in against(before, now).findings]
    assert order == [("c", WORSE), ("b", WORSE), ("e", VANISHED), ("d", IMPROVED), ("f", NEW), ("a", UNCHANGED)]


def test_without_anything_to_compare_with_all_is_new_and_that_is_said():
    judgement = judge(night(0, figure()))
    assert [each.verdict for each in judgement.findings] == [NEW]
    assert judgement.compared_with == ()


def test_figures_that_are_only_watched_are_not_new_every_night():
    watched = figure("latency.p95", 5, conditions=HOST)
    kept = figure(conditions=HOST)
    told = {each.key.name: each.verdict for each in against([kept, watched], [kept, watched]).findings}
    assert told == {"arena.used": UNCHANGED, "latency.p95": UNCHANGED}


def test_the_page_names_every_verdict_and_reason():
    page = (DOCS / "regressions.md").read_text("utf-8")
    told = section(page, "## Verdicts and exit codes")
    assert {each.value for each in Verdict} <= {cells[0] for cells in rows(told)}
    assert first_words(told) == set(get_args(Reason)) - {""}


# --- against nights --------------------------------------------------------------------------------------------------


def test_without_a_baseline_the_nights_decide():
    finding = over_nights("arena.used", [1000] * 5, 1016)
    assert (finding.verdict, finding.before, finding.against) == (WORSE, 1000, "the last 5 nights")
    assert over_nights("arena.used", [1000] * 5, 1000).verdict is UNCHANGED
    assert over_nights("arena.used", [1000] * 5, 984).verdict is IMPROVED


def test_only_so_many_nights_are_compared_with():
    noisy = [200.0] * 10 + [100.0] * 3
    assert over_nights("latency.median", noisy, 106, of=PICO, nights=3).verdict is WORSE
    assert over_nights("latency.median", noisy, 106, of=PICO, nights=13).verdict is IMPROVED


def test_nights_of_another_clock_are_not_compared_with():
    past = series("latency.median", [5.0] * 3)
    run = night(3, figure("latency.median", 5, conditions=board(tflm="1234567")))
    [finding] = judge(run, [], [past]).findings
    assert finding.verdict is REFUSED and "tflm 90b983c -> 1234567" in finding.notes


def test_scatter_from_night_to_night_is_allowed_for():
    calm, wild = [100.0, 100.4, 99.6, 100.2, 99.8], [100.0, 104.0, 96.0, 103.0, 97.0]
    assert over_nights("latency.median", calm, 105, of=PICO).verdict is WORSE
    assert over_nights("latency.median", wild, 105, of=PICO).verdict is UNCHANGED


def test_the_baseline_decides_and_worse_nights_are_a_note():
    finding = over_nights("arena.used", [900] * 5, 1000, before=1000)
    assert finding.verdict is UNCHANGED
    assert finding.notes == ("worse than in the last 5 nights, which had 900",)
    # What was accepted by a new baseline is not told again.
    assert over_nights("arena.used", [1000, 1000, 1016], 1016, before=1016).notes == ()


def test_what_is_gone_since_last_night_is_told_without_a_baseline():
    past = [series("arena.used", [1.0, 1.0]), series("arena.head", [1.0, 1.0])]
    told = judge(night(2, figure("arena.head", 1)), [], past).findings
    assert [(each.key.name, each.verdict) for each in told] == [("arena.used", VANISHED), ("arena.head", UNCHANGED)]
