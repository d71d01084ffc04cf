"""pytest's JUnit file, made into one of suites for each board."""

import pytest
from lxml import etree

from harness.record.errors import RecordInvalid
from harness.record.model import Attempt, Board, Run, Test
from harness.report.junit import MAX_OUTPUT, arrange_by_board
from tests.support.junit_files import cases, properties, valid_suites

HEAD = '<testsuites name="pytest tests"><testsuite name="pytest" hostname="bench" time="1" tests="9">'


@pytest.fixture
def arranged(tmp_path):
    """Writes pytest's testcases, arranges them by a record of these tests, and returns the suites."""

    def arrange(testcases, *tests, boards=("emulator-0",), ended="complete", prefix=None):
        file = tmp_path / "junit.xml"
        file.write_text(f"{HEAD}{testcases}</testsuite></testsuites>")
        run = Run(
            version=1,
            started="2026-11-21T03:00:00.250+01:00",
            seconds=1,
            ended=ended,
            command=[],
            versions={},
            boards=[board if isinstance(board, Board) else Board(name=board, kind="emulator") for board in boards],
            tests=list(tests),
        )
        arrange_by_board(file, run, prefix)
        return valid_suites(file)

    return arrange


def case(name, inside="", classname="test_a"):
    return f'<testcase classname="{classname}" name="{name}" time="0.125">{inside}</testcase>'


def test_each_board_has_a_suite_and_what_needs_none_stays(arranged):
    suites = arranged(
        case("one") + case("two") + case("plain"),
        Test(id="test_a.py::one", outcome="passed", board="b"),
        Test(id="test_a.py::two", outcome="passed", board="a"),
        Test(id="test_a.py::plain", outcome="passed"),
        boards=["a", "b", "idle"],
    )
    assert {name: list(cases(suite)) for name, suite in suites.items()} == {
        "a": ["two"],
        "b": ["one"],
        "idle": [],
        "pytest": ["plain"],
    }
    assert properties(suites["a"])["tflm.board.kind"] == "emulator"
    assert suites["a"].get("timestamp") == "2026-11-21T02:00:00"
    assert suites["a"].get("hostname") == "bench"


def test_what_pytest_writes_twice_is_joined(arranged):
    """Output of each phase, with junit_logging; and a second error of xdist's."""
    inside = "<skipped message='no'/><system-out>set up\n</system-out><system-err>e</system-err>"
    inside += "<system-out>torn down</system-out><system-err/>"
    errors = "<error message='one'>first</error><error message='two'>second</error>"
    suites = arranged(case("a", inside) + case("b", errors), Test(id="test_a.py::a", outcome="skipped"))
    found = cases(suites["pytest"])
    assert found["a"].find("system-out").text == "set up\ntorn down"
    assert found["a"].find("system-err").text == "e"
    assert found["b"].find("error").text == "first\nsecond"


def test_every_test_has_its_node_id(arranged):
    """Which its class name does not tell: that of a case file has lost its ending."""
    suites = arranged(
        case("m[c]", "<failure message='m'/>", classname="test_cases.lstm.yaml"),
        Test(id="test_cases/lstm.yaml::m[c]", outcome="failed", board="emulator-0"),
    )
    assert properties(cases(suites["emulator-0"])["m[c]"]) == {"tflm.test": "test_cases/lstm.yaml::m[c]"}


def test_a_case_file_is_a_class_and_not_the_ending_of_one(arranged):
    suites = arranged(
        case("m[c]", classname="test_cases.lstm.yaml"),
        Test(id="test_cases/lstm.yaml::m[c]", outcome="passed", board="emulator-0"),
    )
    assert cases(suites["emulator-0"])["m[c]"].get("classname") == "test_cases.lstm"


def test_a_prefix_is_kept(arranged):
    suites = arranged(
        case("one", classname="night.test_a"),
        Test(id="test_a.py::one", outcome="passed", board="emulator-0"),
        prefix="night",
    )
    assert list(cases(suites["emulator-0"])) == ["one"]


def test_the_log_and_earlier_attempts_are_in_system_out(arranged):
    suites = arranged(
        case("one", "<system-out>printed</system-out><properties><property name='p' value='v'/></properties>"),
        Test(
            id="test_a.py::one",
            outcome="passed",
            board="emulator-0",
            attempts=[Attempt(outcome="failed", board="emulator-1", message="it said no")],
            log="logs/one.log",
            log_tail=["03:00:00.000 > open model=m"],
        ),
    )
    found = cases(suites["emulator-0"])["one"]
    assert found.find("system-out").text.splitlines() == [
        "printed",
        "attempt 1: failed on emulator-1: it said no",
        "device log (host time; > sent, < received; the last lines; all of it: logs/one.log)",
        "03:00:00.000 > open model=m",
    ]
    assert properties(found) == {"tflm.test": "test_a.py::one", "p": "v"}


def test_output_is_bounded_and_keeps_its_end(arranged):
    tail = ["x" * 1000] * 50 + ["the end"]
    suites = arranged(case("one"), Test(id="test_a.py::one", outcome="passed", board="emulator-0", log_tail=tail))
    text = cases(suites["emulator-0"])["one"].find("system-out").text
    assert MAX_OUTPUT < len(text) < MAX_OUTPUT + 100
    assert text.endswith("the end")
    assert "characters before this" in text


def test_hostile_text_is_text(arranged):
    hostile = "\x1b[31m\x00\x0b\ud800\ufffe]]></system-out><script>alert(1)</script>&amp;"
    suites = arranged(case("one"), Test(id="test_a.py::one", outcome="failed", board="emulator-0", log_tail=[hostile]))
    text = cases(suites["emulator-0"])["one"].find("system-out").text
    assert text.endswith(r"\x1b[31m\x00\x0b\ud800\ufffe]]></system-out><script>alert(1)</script>&amp;")


def test_a_failure_and_the_error_of_its_teardown_are_one_test(arranged):
    suites = arranged(
        case("one", '<failure message="AssertionError: 1 == 2">why</failure>')
        + case("one", '<error message="failed on teardown with &quot;LinkLost: gone&quot;">how</error>')
        + case("two", '<failure message="x">why</failure>'),
        Test(id="test_a.py::one", outcome="failed", board="emulator-0", seconds=0.25),
        Test(id="test_a.py::two", outcome="failed", board="emulator-0"),
    )
    one, two = cases(suites["emulator-0"]).values()
    assert one.find("failure").get("type") == "AssertionError"
    assert one.find("failure").text == 'why\n\nand then: failed on teardown with "LinkLost: gone"\nhow'
    assert one.get("time") == "0.250"
    assert two.find("failure").get("type") == "failure"


def test_tests_that_no_board_was_left_for_are_errors(arranged):
    suites = arranged(
        "",
        Test(id="test_a.py::one[x]", outcome="not run"),
        Test(id="c.yaml::m[c]", outcome="not run"),
        boards=[Board(name="left", lost="the board is lost: no answer")],
        ended="stopped: no board is left for 2 tests",
    )
    assert properties(suites["left"])["tflm.board.lost"] == "the board is lost: no answer"
    found = cases(suites["not run"])
    assert [(name, each.get("classname")) for name, each in found.items()] == [("one[x]", "test_a"), ("m[c]", "c")]
    assert found["m[c]"].find("error").get("message") == "not run: stopped: no board is left for 2 tests"


def test_tests_that_a_person_has_stopped_are_no_errors(arranged):
    suites = arranged("", Test(id="test_a.py::one", outcome="not run"), ended="stopped: stopping after 1 failures")
    assert "not run" not in suites


def test_a_file_that_cannot_be_read_is_left_as_it_is(tmp_path):
    file = tmp_path / "junit.xml"
    file.write_text("<testsuites>\x00")
    run = Run(version=1, started="", seconds=0, ended="", command=[], versions={}, boards=[], tests=[])
    with pytest.raises(RecordInvalid, match="cannot be read"):
        arrange_by_board(file, run)
    assert file.read_text() == "<testsuites>\x00"


def test_the_schema_is_no_formality(tmp_path):
    file = tmp_path / "junit.xml"
    file.write_text(f"{HEAD}{case('one')}</testsuite></testsuites>")
    with pytest.raises(etree.DocumentInvalid, match="'failures' is required"):
        valid_suites(file)
