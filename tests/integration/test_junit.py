"""What a CI server reads: properties of every testcase, and the device's log of a failing one."""

import re

import pytest

from harness.history.database import History
from harness.history.junit_file import read_junit
from harness.record.figures import figures_of_run
from harness.record.read import read_record
from tests.integration.conftest import MODELS
from tests.support.junit_files import cases, properties, valid_suites

TESTS = """
    import numpy as np

    def test_passes(open_model):
        open_model("sine_int8", arena=65536).invoke(np.zeros((1, 1), np.int8), repeats=20)

    def test_fails(open_model):
        session = open_model("lstm_seq_int8")
        session.invoke(np.zeros((1, 1, 1), np.int8))
        assert False, "on purpose"
    """


def cases_of(project):
    """The testcases of a run's report by name; each of them once, in a file that is valid."""
    suites = valid_suites(project.path / "junit.xml")
    return {name: case for suite in suites.values() for name, case in cases(suite).items()}


def test_every_testcase_has_its_figures_and_its_conditions(project, run):
    project.makepyfile(TESTS)
    project.makefile(".yaml", c="tflm-hil: 1\nmodel: sine_int8\ncases:\n  - name: fits\n    arena: {max: 4 KiB}\n")
    run("--junitxml", "junit.xml").assert_outcomes(passed=2, failed=1)
    cases = cases_of(project)
    passed = properties(cases["test_passes"])
    assert passed["tflm.model"] == "sine_int8"
    assert re.fullmatch("[0-9a-f]{64}", passed["tflm.model.sha256"])
    assert passed["tflm.board.kind"] == "host"
    assert passed["tflm.board.serial"].startswith("host-")
    assert re.fullmatch("[0-9a-f]{8}", passed["tflm.board.build"])
    assert passed["tflm.board.pointer_bits"] == "64"
    assert passed["tflm.arena.size_bytes"] == "65536"
    used, head, tail = (int(passed[f"tflm.arena.{name}_bytes"]) for name in ("used", "head", "tail"))
    assert used == head + tail > 0
    assert int(passed["tflm.arena.eval_tensors_bytes"]) > 0
    assert passed["tflm.latency.count"] == "19"
    assert 0 < float(passed["tflm.latency.min_us"]) <= float(passed["tflm.latency.p95_us"])
    assert properties(cases["test_fails"])["tflm.model"] == "lstm_seq_int8"
    assert properties(cases["sine_int8[fits]"])["tflm.arena.used_bytes"] == passed["tflm.arena.used_bytes"]


def test_whoever_keeps_nothing_but_the_junit_file_has_the_runs_figures(project, run):
    """Under the same names and conditions, so that they go on the same line of the history, and count once."""
    project.makepyfile(
        test_a="""
        import numpy as np

        class TestIt:
            def test_options(self, open_model, reference):
                session = open_model("lstm_resvar_int8", preserve_all_tensors=True, arena=1 << 20)
                inputs = np.random.default_rng(5).uniform(-0.9, 0.9, (4, 1, 1))
                outputs = session.run(inputs, real=True)
                outputs.assert_equals(reference("lstm_resvar_int8").run(inputs, real=True))
                session.invoke(np.zeros((1, 1), np.int8), warmup=2, repeats=20)
                open_model("lstm_resvar_int8", arena=1 << 16).invoke(np.zeros((1, 1), np.int8), repeats=5)
        """
    )
    case = "tflm-hil: 1\nmodel: sine_int8\ncases:\n  - name: fits\n    arena: {max: 4 KiB}\n"
    project.mkdir("v1.2").joinpath("sine.yaml").write_text(case)
    run("test_a.py", "v1.2", "--report-dir", "out").assert_outcomes(passed=2)
    recorded = figures_of_run(read_record(project.path / "out"))
    told = read_junit(project.path / "out" / "junit.xml")
    assert told.started == recorded.started and told.outcomes == recorded.outcomes
    assert (told.ended, told.boards, told.ran_on) == (recorded.ended, recorded.boards, recorded.ran_on)
    assert len(recorded.figures) > 20

    def by_key(run):
        return {figure.key: (figure.value, figure.unit, figure.measured_under()) for figure in run.figures}

    assert by_key(told) == by_key(recorded)
    with History(project.path / "history.db", create=True) as history:
        assert [history.add(each).known for each in (recorded, told)] == [False, True]


def test_how_a_run_ended_is_in_its_junit_file_too(project, run):
    project.makepyfile(TESTS + "\n    def test_never(open_model): ...\n")
    run("-x", "--report-dir", "out").assert_outcomes(passed=1, failed=1)
    recorded = figures_of_run(read_record(project.path / "out"))
    assert recorded.ended != "complete"
    assert read_junit(project.path / "out" / "junit.xml").ended == recorded.ended


def test_several_sessions_of_one_test_are_numbered(project, run):
    project.makepyfile(
        """
        def test_two(open_model):
            open_model("sine_int8", arena=65536)
            open_model("sine_float", arena=65536)
        """
    )
    run("--junitxml", "junit.xml").assert_outcomes(passed=1)
    found = properties(cases_of(project)["test_two"])
    assert (found["tflm.model"], found["tflm.model.2"]) == ("sine_int8", "sine_float")


def test_a_failure_has_the_devices_log_with_host_times(project, run):
    project.makepyfile(TESTS)
    run("--junitxml", "junit.xml")
    text = cases_of(project)["test_fails"].find("failure").text
    assert "on purpose" in text
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3} > open model=lstm_seq_int8", text)
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3} > invoke session=\d+ repeats=1", text)
    assert cases_of(project)["test_passes"].find("failure") is None


def test_a_failing_yaml_case_has_it_too(project, run):
    project.makefile(".yaml", c="tflm-hil: 1\nmodel: sine_int8\ncases:\n  - name: small\n    arena: {max: 1 KiB}\n")
    run("--junitxml", "junit.xml")
    text = cases_of(project)["sine_int8[small]"].find("failure").text
    assert "LimitExceeded" in text
    assert "c.yaml:4" in text
    assert "> open model=sine_int8" in text


def test_hostile_log_content_is_text_everywhere(project, run):
    project.makepyfile(TESTS)
    result = run("--junitxml", "junit.xml", fault="chatty")
    text = cases_of(project)["test_fails"].find("failure").text
    said = r"\x1b[31m<script>alert(1)</script>\x00]]>\xff"
    assert said in text
    assert said in result.stdout.str()
    assert "\x1b[31m<script>" not in result.stdout.str()


def test_the_run_itself_is_named_in_no_way_that_depends_on_this_machine(project, run):
    project.makepyfile(TESTS)
    run("--junitxml", "junit.xml")
    assert str(MODELS) not in "".join(properties(cases_of(project)["test_passes"]).values())


MIXED = """
    import numpy as np
    import pytest

    TRIES = {}

    @pytest.fixture
    def bad_ending():
        yield
        raise RuntimeError("it ended badly")

    @pytest.mark.parametrize("n", range(4))
    def test_passes(open_model, n):
        open_model("sine_int8", arena=65536).invoke(np.zeros((1, 1), np.int8), repeats=3)

    @pytest.mark.flaky(reruns=2)
    def test_passes_the_second_time(open_model, request):
        open_model("sine_int8", arena=65536)
        TRIES["second"] = TRIES.get("second", 0) + 1
        assert TRIES["second"] == 2, "not yet"

    @pytest.mark.flaky(reruns=2)
    def test_never_passes(open_model):
        open_model("sine_int8", arena=65536)
        assert False, "never"

    def test_fails_and_ends_badly(bad_ending, open_model):
        open_model("sine_int8", arena=65536)
        assert False, "on purpose"

    def test_ends_badly(bad_ending, open_model):
        open_model("sine_int8", arena=65536)

    def test_cannot_begin(open_model, no_such_fixture):
        pass

    @pytest.mark.skip(reason="not today")
    def test_skipped(open_model):
        pass

    @pytest.mark.xfail(reason="known")
    def test_known(open_model):
        assert False

    def test_plain():
        pass
    """


@pytest.mark.parametrize("workers", [(), ("-n", "2"), ("--board", "host:2", "-n", "auto")])
def test_nothing_is_lost_or_doubled_with_workers_and_reruns(project, run, workers):
    project.makepyfile(MIXED)
    result = run("--report-dir", "out", "--junitxml", "junit.xml", *workers)
    verdict = r"^sine_int8 .*FAIL (\d+)/(\d+)"
    table = [tuple(map(int, row)) for row in re.findall(verdict, result.stdout.str(), re.MULTILINE)]
    assert sum(failed for failed, _ in table) == 3
    found = cases_of(project)
    tests = {test.id.partition("::")[2]: test for test in read_record(project.path / "out").tests}
    verdicts = {
        **{f"test_passes[{n}]": ("passed", None) for n in range(4)},
        "test_passes_the_second_time": ("passed", None),
        "test_never_passes": ("failed", "failure"),
        "test_fails_and_ends_badly": ("failed", "failure"),
        "test_ends_badly": ("error", "error"),
        "test_cannot_begin": ("error", "error"),
        "test_skipped": ("skipped", "skipped"),
        "test_known": ("xfailed", "skipped"),
        "test_plain": ("passed", None),
    }
    assert set(found) == set(tests) == set(verdicts)
    for name, (outcome, tag) in verdicts.items():
        assert tests[name].outcome == outcome, name
        assert [child.tag for child in found[name] if child.tag in ("failure", "error", "skipped")] == [tag] * bool(tag)
        # Once, whatever has been tried before.
        assert len(tests[name].measurements) == (properties(found[name]).get("tflm.model") is not None), name
    assert "and then: failed on teardown" in found["test_fails_and_ends_badly"].find("failure").text
    second, never = tests["test_passes_the_second_time"], tests["test_never_passes"]
    assert (second.reruns, [attempt.outcome for attempt in second.attempts]) == (1, ["failed"])
    assert (never.reruns, len(never.attempts)) == (2, 2)
    assert "not yet" in second.attempts[0].message
    assert "attempt 1: failed on host-" in found["test_passes_the_second_time"].find("system-out").text


def test_the_end_of_the_device_log_is_in_system_out(project, run):
    project.makepyfile(TESTS)
    run("--report-dir", "out")
    found = {
        name: case
        for suite in valid_suites(project.path / "out" / "junit.xml").values()
        for name, case in cases(suite).items()
    }
    assert "> invoke session=" in found["test_passes"].find("system-out").text
    assert "all of it: logs/" in found["test_passes"].find("system-out").text


def test_a_hostile_device_cannot_break_the_file(project, run):
    """Escape sequences, NUL, the end of a CDATA section, bytes that are no text, lines of megabytes."""
    project.makepyfile(TESTS)
    run("--report-dir", "out", "--junitxml", "junit.xml", fault="chatty")
    text = cases_of(project)["test_fails"].find("system-out").text
    assert r"\x1b[31m<script>alert(1)</script>\x00]]>\xff" in text
    assert (project.path / "junit.xml").stat().st_size < 200_000
    record = read_record(project.path / "out")
    assert any("<script>" in line for test in record.tests for line in test.log_tail)


def test_a_run_that_is_interrupted_leaves_its_reports(project, run):
    project.makepyfile(
        """
        def test_first(open_model):
            open_model("sine_int8")

        def test_second(open_model):
            raise KeyboardInterrupt

        def test_third(open_model):
            pass
        """
    )
    run("--report-dir", "out", subprocess=True)
    record = read_record(project.path / "out")
    assert record.ended == "interrupted"
    assert [test.outcome for test in record.tests] == ["passed", "error", "not run"]
    valid_suites(project.path / "out" / "junit.xml")


def test_a_run_without_boards_has_the_file_that_pytest_writes(project, run):
    project.makepyfile("def test_plain(record_testsuite_property):\n    record_testsuite_property('a', 'b')\n")
    run("--junitxml", "junit.xml")
    text = project.path.joinpath("junit.xml").read_text()
    assert text.startswith(
        '<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest"'
    )


def test_properties_of_earlier_attempts_are_not_those_of_the_last(project, run):
    """Whatever reads reports has them once; pytest keeps a test's properties from one attempt to the next."""
    project.makeconftest(
        """
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_logreport(report):
            if report.when == "teardown":
                names = [name for name, _ in report.user_properties]
                print("of the attempt:", names.count("tflm.model"), "mine:", names.count("mine"))
        """
    )
    project.makepyfile(
        """
        import pytest

        TRIES = []

        @pytest.mark.flaky(reruns=1)
        def test_again(open_model, request):
            open_model("sine_int8", arena=65536)
            TRIES.append(1)
            if len(TRIES) == 1:
                request.node.user_properties.append(("mine", "kept"))
            assert len(TRIES) == 2
        """
    )
    result = run("--report-dir", "out", "-s")
    result.assert_outcomes(passed=1)
    assert result.stdout.str().count("of the attempt: 1 mine: 1") == 2
