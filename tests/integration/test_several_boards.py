"""Tests spread over boards: each on exactly one, whatever becomes of the boards."""

import re
from collections import Counter

import pytest

from harness.record.read import read_record
from tests.support.junit_files import cases, properties, valid_suites
from tests.support.losing_boards import SOURCE

MANY = """
    import numpy as np
    import pytest

    @pytest.mark.parametrize("n", range(12))
    def test_many(open_model, n):
        open_model("sine_int8", arena=65536).invoke(np.zeros((1, 1), np.int8), repeats=3)

    def test_without_a_board():
        pass
    """
LOST = "the host board's program ended before it was ready"


@pytest.fixture
def spread(project, run, monkeypatch):
    """Runs a project on several boards: `spread("host:3", lose="gw0:2")`; returns pytest's result and the record."""
    project.makepyfile(test_many=MANY)

    def on(*boards, lose="", options=()):
        if lose:
            project.makeconftest(SOURCE)
            monkeypatch.setenv("LOSE", lose)
        chosen = [f"--board={board}" for board in boards]
        result = run("-n", "auto", *chosen, "--report-dir", "out", *options)
        return result, read_record(project.path / "out")

    return on


def outcomes(record):
    return Counter((test.outcome, test.board) for test in record.tests if test.board)


def test_several_boards_share_the_tests_and_each_runs_on_one(project, spread):
    result, record = spread("host:3")
    result.assert_outcomes(passed=13)
    assert [board.name for board in record.boards] == ["host-0", "host-1", "host-2"]
    assert sorted(test.id for test in record.tests) == sorted({test.id for test in record.tests})
    shares = outcomes(record)
    assert sum(shares.values()) == 12
    assert all(shares["passed", f"host-{number}"] for number in range(3))
    result.stdout.re_match_lines([r"host-0 +\d+ tests in +[\d.]+ s", r"host-1 .*", r"host-2 .*"])
    # Each test's log is of the board that it ran on.
    assert len(list((project.path / "out" / "logs").iterdir())) == 12
    assert {bool(test.log) for test in record.tests if test.board} == {True}
    suites = valid_suites(project.path / "out" / "junit.xml")
    assert set(suites) == {"host-0", "host-1", "host-2", "pytest"}
    assert sum(len(cases(suite)) for suite in suites.values()) == 13


def test_a_board_that_is_lost_leaves_its_tests_to_the_others(project, spread):
    result, record = spread("host:2", lose="gw1:1")
    result.assert_outcomes(passed=12, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    lost = next(board for board in record.boards if board.lost)
    assert lost.lost == f"the board is lost: {LOST}"
    assert Counter(test.id for test in record.tests).most_common(1)[0][1] == 1
    failed = next(test for test in record.tests if test.outcome == "failed")
    assert (failed.board, "LinkLost" in failed.message) == (lost.name, True)
    result.stdout.re_match_lines([rf"{lost.name} .*LOST: the board is lost: .*", r"handed on to other boards: \d+"])
    suites = valid_suites(project.path / "out" / "junit.xml")
    assert properties(suites[lost.name])["tflm.board.lost"] == lost.lost
    assert "not run" not in suites


def test_a_board_that_never_comes_up_costs_no_test(spread):
    result, record = spread("host:2", lose="gw0:0")
    result.assert_outcomes(passed=13)
    assert [(board.name, board.lost) for board in record.boards if board.lost] == [
        ("host (gw0)", f"the board cannot be used: {LOST}")
    ]
    assert len({board for _, board in outcomes(record)}) == 1


def test_with_all_boards_lost_the_run_ends_and_says_what_was_not_run(project, spread):
    result, record = spread("host:2", lose="gw0:2,gw1:1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    left = [test.id for test in record.tests if test.outcome == "not run"]
    assert len(left) == 12 - 3
    assert record.ended == "stopped: no board is left for 9 tests"
    result.stdout.fnmatch_lines([f"NOT RUN {left[0].replace('[', '[[]')}", "*no board is left for 9 tests*"])
    suites = valid_suites(project.path / "out" / "junit.xml")
    assert len(cases(suites["not run"])) == 9
    assert sum(len(cases(suite)) for suite in suites.values()) == 13


def test_a_run_with_no_board_at_all_is_not_a_good_one(spread):
    result, record = spread("host:2", lose="gw0:0,gw1:0")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert Counter(test.outcome for test in record.tests) == {"not run": 12, "passed": 1}
    assert [board.lost for board in record.boards] == [f"the board cannot be used: {LOST}"] * 2


def test_a_single_board_that_is_lost_leaves_a_record_of_what_was_not_run(project, run, monkeypatch):
    project.makepyfile(test_many=MANY)
    project.makeconftest(SOURCE)
    monkeypatch.setenv("LOSE", "alone:2")
    result = run("--report-dir", "out", subprocess=True)
    result.stdout.fnmatch_lines([f"*the board is lost: {LOST}*"])
    record = read_record(project.path / "out")
    assert record.boards[0].lost == f"the board is lost: {LOST}"
    assert Counter(test.outcome for test in record.tests) == {"passed": 1, "failed": 1, "error": 1, "not run": 10}
    assert len(cases(valid_suites(project.path / "out" / "junit.xml")["not run"])) == 10


def test_fixtures_of_a_module_are_torn_down_where_a_test_is_passed_over(project, spread):
    """The test before it may have left them for it, and the one after it may be of another module."""
    module = """
        import pytest

        @pytest.fixture(scope="module", autouse=True)
        def of_the_module():
            yield

        @pytest.mark.parametrize("n", range(2))
        def test_plain(n):
            pass

        @pytest.mark.parametrize("n", range(2))
        def test_board(bench, n):
            pass
        """
    names = [f"test_module_{number}" for number in range(6)]
    project.makepyfile(**dict.fromkeys(names, module))
    result, record = spread("host:2", lose="gw0:0", options=[f"{name}.py" for name in names])
    result.assert_outcomes(passed=24)
    assert any(board.lost for board in record.boards)


def test_a_test_for_a_kind_of_board_runs_there_or_is_skipped(project, spread, run):
    project.makepyfile(
        test_kinds="""
        import pytest

        @pytest.mark.board_kind("host")
        def test_host(bench):
            pass

        @pytest.mark.board_kind("pico", "emulator")
        def test_pico(bench):
            pass
        """
    )
    result = run("test_kinds.py", "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*for a board of kind emulator or pico; this one is of kind host"])
    result, record = spread("host:2", options=["test_kinds.py"])
    result.assert_outcomes(passed=1, skipped=1)
    # There is one in the run, but it is lost: that is no reason to skip, and none to run the test elsewhere.
    result, record = spread("host", "/dev/ttyNONE", options=["test_kinds.py"])
    assert {test.id.partition("::")[2]: test.outcome for test in record.tests} == {
        "test_host": "passed",
        "test_pico": "not run",
    }
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_worker_that_dies_is_replaced_on_its_board(project, spread):
    project.makepyfile(
        test_dies="""
        import os
        import signal

        def test_dies(open_model):
            open_model("sine_int8")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    result, record = spread("host:2")
    result.assert_outcomes(passed=13, failed=1)
    died = next(test for test in record.tests if "dies" in test.id)
    assert died.outcome == "error"
    assert "crashed while running" in died.message
    result.stdout.fnmatch_lines(["*replacing crashed worker gw*"])
    valid_suites(project.path / "out" / "junit.xml")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--board", "host:2"], "--board names 2 boards: give -n auto as well*"),
        (["--board", "host:2", "-n", "3"], "one worker for each of 2 boards expected, 3 came*"),
        (["--board", "1-2", "-n", "2"], "one worker for each of 1 boards expected, 2 came*"),
        (["--board", "left", "--board", "left", "-n", "auto"], "--board left is given 2 times*"),
        (["--board", "host:0"], "--board host:0: a number from 1 to 64 expected, 0 came*"),
    ],
)
def test_boards_and_workers_that_do_not_fit_are_a_usage_error(project, run, arguments, words):
    project.makepyfile(MANY)
    result = run(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {words}"])


def test_one_kind_of_program_takes_as_many_workers_as_one_likes(project, run):
    project.makepyfile(MANY)
    result = run("--board", "host", "-n", "3")
    result.assert_outcomes(passed=13)
    assert len(re.findall(r"^host-\d +\d+ tests", result.stdout.str(), re.MULTILINE)) == 3


def test_a_run_without_boards_keeps_pytest_xdists_own_way(project, run):
    project.makepyfile("import pytest\n\n@pytest.mark.parametrize('n', range(9))\ndef test_plain(n):\n    pass\n")
    result = run("-n", "2", "-v")
    result.assert_outcomes(passed=9)
    result.stdout.fnmatch_lines(["*scheduling tests via LoadScheduling*"])


def test_a_report_folder_elsewhere_that_the_run_makes_is_no_riddle_to_workers(project, run):
    """When they read their arguments it is there, and was not when the first process did."""
    project.makepyfile(MANY)
    elsewhere = project.path.parent / f"{project.path.name}-reports"
    result = run("--board", "host:2", "-n", "auto", "--report-dir", str(elsewhere), subprocess=True)
    result.assert_outcomes(passed=13)
    assert len(read_record(elsewhere).tests) == 13
