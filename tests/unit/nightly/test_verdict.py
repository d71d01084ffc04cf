"""From attempts and comparison to a verdict: nothing that went wrong comes out as passed."""

import pytest

from harness.nightly.attempts import Attempt, Attempts
from harness.nightly.comparison import Comparison
from harness.nightly.merge import merge_attempts
from harness.nightly.programs import Ended
from harness.nightly.verdict import judge_board
from tests.unit.nightly.records import make_run, make_test
from tests.unit.nightly.test_merge import NIGHT

PASSING = make_run(make_test("a"), make_test("b"))
FAILING = make_run(make_test("a"), make_test("b", "failed", message="\nharness.errors.models.ModelRejected: bad\nmore"))
LOST = make_run(make_test("a"), make_test("b", "not run"), ended="stopped: lost", lost="BoardLost: gone\nmore")
HUNG = make_run(make_test("a"), make_test("b", "error", message="in the middle"), make_test("c", "not run"), ended="x")


def attempts_of(tmp_path, *given):
    """Attempts from pairs of a record and how pytest ended, or from records of a pytest that ended by itself."""
    done = []
    for number, each in enumerate(given, 1):
        run, how, code = each if isinstance(each, tuple) else (each, "ended", 0)
        folder = tmp_path / f"attempt-{number}"
        folder.mkdir()
        (folder / "pytest.log").write_text("collecting\n==== 1 error in 0.1s ====\n\n")
        ended = Ended(how, code if how == "ended" else None, 12.4, folder / "pytest.log", "no such file")
        done.append(Attempt(folder.name, ended, run, "" if run else "a run's record expected"))
    return Attempts(done)


def judged(tmp_path, *given, comparison=None, stopped=False):
    attempts = attempts_of(tmp_path, *given)
    merged = merge_attempts(attempts.records, NIGHT) if attempts.records else None
    return judge_board(tmp_path, attempts, merged, comparison or Comparison(), stopped=stopped)


@pytest.mark.parametrize(
    ("given", "verdict", "why"),
    [
        ([PASSING], "passed", ""),
        ([(FAILING, "ended", 1)], "failed", ""),
        ([(FAILING, "ended", 1), (FAILING, "ended", 1)], "failed", ""),
        ([(FAILING, "ended", 1), PASSING], "flaky", ""),
        ([(LOST, "ended", 1)], "lost", "left: BoardLost: gone"),
        ([(LOST, "ended", 1), PASSING], "flaky", ""),
        ([(HUNG, "deadline", 0)], "hung", "ended at its deadline after 12 s, 2 of 3 tests begun, in test_a.py::b"),
        ([(None, "deadline", 0)], "hung", "ended at its deadline after 12 s, without a record"),
        ([(FAILING, "ended", 1), (None, "deadline", 0)], "hung", "ended at its deadline after 12 s, without a record"),
        ([(None, "ended", 4)], "broken", "pytest ended with exit code 4: 1 error in 0.1s"),
        ([(None, "not started", 0)], "broken", "pytest was not started, no such file: 1 error in 0.1s"),
        ([(PASSING, "ended", 1)], "broken", "pytest ended with exit code 1: 1 error in 0.1s"),
        ([make_run()], "broken", "no test ran, 0 were skipped"),
        ([make_run(make_test("a", "skipped"))], "broken", "no test ran, 1 were skipped"),
        (
            [make_run(make_test("a"), make_test("b", "not run"))],
            "broken",
            "pytest ended with exit code 0: 1 error in 0.1s",
        ),
        ([make_run(make_test("a"), ended="interrupted")], "broken", "pytest ended with exit code 0: 1 error in 0.1s"),
        # The second attempt found nothing: the failure of the first stays one.
        ([(FAILING, "ended", 1), (None, "ended", 4)], "broken", "pytest ended with exit code 4: 1 error in 0.1s"),
        # So it does where pytest left a record of nothing.
        ([(FAILING, "ended", 1), (make_run(), "ended", 4)], "broken", "pytest ended with exit code 4: 1 error in 0.1s"),
        ([(FAILING, "ended", 3), PASSING], "broken", "pytest ended with exit code 3: 1 error in 0.1s"),
        (
            [(FAILING, "ended", 1), (FAILING, "ended", -11)],
            "broken",
            "pytest ended with exit code -11: 1 error in 0.1s",
        ),
        # What a lost board brought about is made up for.
        ([(LOST, "ended", 3), PASSING], "flaky", ""),
        ([(FAILING, "ended", 2)], "failed", ""),
    ],
)
def test_the_verdict_and_its_reason(tmp_path, given, verdict, why):
    found = judged(tmp_path, *given)
    assert (found.verdict, found.why) == (verdict, why)


def test_a_regression_is_less_bad_than_a_failure_and_worse_than_a_flaky_test(tmp_path):
    worse = Comparison(worse=("sine latency.median +7.0 %",))
    for number, (given, verdict) in enumerate([(FAILING, "failed"), (PASSING, "regression")]):
        (tmp_path / str(number)).mkdir()
        assert judged(tmp_path / str(number), given, comparison=worse).verdict == verdict
    (tmp_path / "flaky").mkdir()
    found = judged(tmp_path / "flaky", (FAILING, "ended", 1), PASSING, comparison=worse)
    assert found.verdict == "regression" and found.count.flaky == 1


def test_figures_that_could_not_be_compared_at_all_are_not_green(tmp_path):
    assert judged(tmp_path, PASSING, comparison=Comparison(problem="no")).verdict == "broken"


def test_a_night_that_was_stopped_says_so(tmp_path):
    assert judged(tmp_path, (HUNG, "stopped", 0), stopped=True).verdict == "interrupted"


def test_counts_and_reasons(tmp_path):
    odd = make_run(
        make_test("a", "skipped"), make_test("b", "xfailed"), make_test("c", "not run"), make_test("d", "error")
    )
    found = judged(tmp_path, (odd, "ended", 1))
    count = found.count
    assert (count.passed, count.flaky, count.failed, count.skipped, count.not_run) == (0, 0, 1, 2, 1)
    assert count.total == 4
    (tmp_path / "x").mkdir()
    found = judged(tmp_path / "x", (FAILING, "ended", 1), PASSING)
    assert (found.count.passed, found.count.flaky, found.failed) == (1, 1, [])
    assert [(note.id, note.why) for note in found.flaky] == [("test_a.py::b", "ModelRejected: bad")]


def test_paths_are_told_from_where_the_night_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bad = make_run(make_test("a", "failed", message=f"ModelRejected: {tmp_path}/models/x.tflite: \x1b[31mbroken"))
    assert judged(tmp_path, (bad, "ended", 1)).failed[0].why == "ModelRejected: models/x.tflite: \\x1b[31mbroken"
