"""Attempts as one record: what passed later has failed all the same."""

from datetime import datetime, timezone

from harness.nightly.merge import merge_attempts
from harness.record.model import Board
from harness.record.read import decode_record
from harness.record.write import write_record
from tests.unit.nightly.records import make_run, make_test

NIGHT = datetime(2026, 11, 21, 3, 0, tzinfo=timezone.utc)


def merged(*runs):
    return merge_attempts([(f"attempt-{number}", run) for number, run in enumerate(runs, 1)], NIGHT)


def test_a_failure_stays_when_the_test_passes_later(tmp_path):
    first = make_run(
        make_test("a", log="logs/a.log"),
        make_test("b", "failed", message="no", seconds=3.0, board="left", log="logs/b.log"),
    )
    run = merged(first, make_run(make_test("b", log="logs/b.log")))
    [a, b] = run.tests
    assert (a.outcome, a.reruns, a.attempts, a.log) == ("passed", 0, [], "attempt-1/logs/a.log")
    assert (b.outcome, b.reruns, b.log) == ("passed", 1, "attempt-2/logs/b.log")
    [earlier] = b.attempts
    assert (earlier.outcome, earlier.message, earlier.seconds, earlier.board) == ("failed", "no", 3.0, "left")
    # It is one that the rest of the harness reads.
    assert decode_record(write_record(tmp_path, run).read_bytes(), "run") == run


def test_the_night_is_its_date_and_the_seconds_add_up():
    run = merged(make_run(make_test("a", "failed")), make_run(make_test("a", "failed")))
    assert (run.started, run.seconds) == ("2026-11-21T03:00:00.000+00:00", 4.0)
    assert [attempt.outcome for attempt in run.tests[0].attempts] == ["failed"]


def test_a_test_that_the_last_attempt_did_not_come_to_keeps_what_is_known():
    run = merged(
        make_run(make_test("a", "failed", message="no"), make_test("b", "not run"), ended="interrupted"),
        make_run(make_test("a", "not run"), make_test("b"), ended="interrupted"),
    )
    assert [(test.outcome, test.reruns, test.attempts) for test in run.tests] == [("failed", 0, []), ("passed", 0, [])]
    assert run.ended == "interrupted"


def test_a_whole_second_run_makes_up_for_a_first_one_that_was_cut_short():
    first = make_run(make_test("a"), make_test("b", "not run"), ended="stopped: the board is lost", lost="gone")
    assert merged(first, make_run(make_test("a"), make_test("b"))).ended == "complete"
    # One of a single test does not.
    assert merged(first, make_run(make_test("b"))).ended == "stopped: the board is lost"


def test_a_board_that_came_up_later_has_its_conditions():
    first = make_run(make_test("a", "error"), boards=[Board(name="left", lost="never came up")])
    [board] = merged(first, make_run(make_test("a"))).boards
    assert (board.kind, board.build, board.lost) == ("pico", "4f1c", None)
    [board] = merged(make_run(make_test("a", "error")), make_run(boards=[Board(name="left", lost="gone")])).boards
    assert board.kind == "pico"
