"""What `regress --json` tells, in the few words of a morning."""

import pytest

from harness.nightly.comparison import Comparison, comparison_of
from harness.regression.baseline import baselines_of
from harness.regression.judge import judge
from harness.regression.report import judgement_json
from tests.support.runs import board, figure, night


def finding(figure, verdict="worse", *, model="sine", relative=0.07, notes=(), since=None):
    told = {"when": since} if since else None
    values = {"before": 0, "now": 64, "relative": relative}
    return {"model": model, "figure": figure, "verdict": verdict, "notes": list(notes), "since": told, **values}


def test_one_text_for_each_model_the_telling_figures_first():
    found = comparison_of(
        [
            finding("op.000.CONV_2D", relative=0.5),
            finding("latency.p95"),
            finding("latency.median", relative=0.0704, since="2026-11-19T03:00:00+00:00"),
            finding("latency.median.2", relative=0.0504),
            finding("arena.used", relative=None),
            finding("accuracy.top1", model="shapes", relative=-0.00012),
        ]
    )
    assert found.worse == (
        "sine arena.used 0 -> 64, latency.median +7.0 % and 2 more since Thu 2026-11-19",
        "shapes accuracy.top1 -0.012 %",
    )


def test_what_else_there_is():
    other = ["tflm a -> b"]
    found = comparison_of(
        [
            finding("a", "improved"),
            finding("b", "new"),
            finding("c", "unchanged"),
            finding("d", "not comparable", notes=other),
            finding("e", "not comparable", notes=other),
        ]
    )
    assert found == Comparison(better=1, not_compared=("2 figures: tflm a -> b",))


def gone(test, outcomes, **run):
    """How many figures are told to be gone, of one in that test the night before."""
    before = baselines_of(night(0, figure(test=test), figure(test="t.py::there")), [])
    tonight = night(1, figure(test="t.py::there"), outcomes={"t.py::there": "passed", **outcomes}, **run)
    return comparison_of(judgement_json(judge(tonight, before))["findings"]).gone


def test_figures_are_gone_whose_tests_passed_or_are_not_there_any_more():
    assert gone("t.py::a", {"t.py::a": "passed"}) == 1
    assert gone("t.py::a", {}) == 1
    assert gone("t.py::there", {}) == 0


@pytest.mark.parametrize("outcome", ["failed", "error", "skipped", "xfailed", "not run"])
def test_figures_of_tests_that_failed_or_did_not_run_are_not_gone(outcome):
    assert gone("t.py::a", {"t.py::a": outcome}) == 0


def test_figures_are_not_gone_with_a_board_that_was_lost_or_a_file_that_could_not_be_read():
    lost = board(lost="no answer")
    assert gone("t.py::a", {"t.py::a": "not run"}, boards=(lost,), ended="stopped: no board is left for 1 test") == 0
    assert gone("t.py::a", {}, boards=(lost,), ended="stopped: no board is left for 1 test") == 0
    assert gone("broken.py::a", {"broken.py": "error"}) == 0


def test_names_are_made_harmless_and_dates_need_not_be_ones():
    [text] = comparison_of([finding("x\x1b\n", model="m" * 500, since="yesterday")]).worse
    assert text.isprintable() and len(text) <= 200
