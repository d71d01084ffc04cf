from datetime import datetime, timezone
from xml.sax.saxutils import quoteattr

import pytest

from harness.history import junit_file
from harness.history.errors import JUnitError
from harness.history.junit_file import read_junit, test_id
from harness.measure.arena import Arena
from harness.measure.measurement import Comparison, Conditions, Measurement
from harness.measure.profile import OpTime
from harness.record.figures import Key
from harness.report.properties import properties

# Not a test, whatever its name says.
test_id.__test__ = False

PICO = Conditions("pico", "E661", "tflm", "RP2040", 125_000_000, 32, "4f1c2aa0", "90b983c", "GCC 12.2", "pico", "K")
STARTED = "2026-11-21T10:23:19.946298+00:00"


def measured(**changes):
    values = {
        "model": "m",
        "sha256": "ab" * 32,
        "conditions": PICO,
        "arena": Arena(4096, 2100, 300, 1800, {"variables": 64}, 32, minimum=3360),
        "samples_us": [9.0, 1.0, 2.0, 4.0, 3.0, 2.0, 2.5, 2.25],
        "comparisons": [Comparison("golden file", 63, 64)],
        "profile": (OpTime(0, "CONV_2D", 1.25),),
        "scores": {"top1": 0.925},
        "warmup": 5,
        "interrupts": {"USB held back for 1 s"},
    }
    return Measurement(**{**values, **changes})


def report(path, *cases, started=STARTED):
    """A JUnit file; each case is what a test measured, its class name, its name, and what is inside."""
    text = f'<testsuites><testsuite name="pytest" timestamp={quoteattr(started)}>'
    for measurements, classname, name, inside in cases:
        told = "".join(
            f"<property name={quoteattr(key)} value={quoteattr(value)} />" for key, value in properties(measurements)
        )
        text += f"<testcase classname={quoteattr(classname)} name={quoteattr(name)} time='0.1'>"
        text += f"<properties>{told}</properties>{inside}</testcase>"
    path.write_text(f"{text}</testsuite></testsuites>", "utf-8")
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "junit.xml"


def test_every_figure_that_was_written_is_read(path):
    run = read_junit(report(path, ([measured()], "test_cases.lstm.yaml", "m[64 steps]", "")))
    assert run.started == datetime(2026, 11, 21, 10, 23, 19, 946298, timezone.utc)
    figures = {figure.name: figure for figure in run.figures}
    assert {name: (figure.value, figure.unit) for name, figure in figures.items()} == {
        "arena.used": (2100, "B"),
        "arena.head": (300, "B"),
        "arena.tail": (1800, "B"),
        "arena.minimum": (3360, "B"),
        "arena.category.variables": (64, "B"),
        "latency.cold": (9, "us"),
        "latency.min": (1, "us"),
        "latency.median": (2.25, "us"),
        "latency.p95": (3.7, "us"),
        "latency.max": (4, "us"),
        "op.000.CONV_2D": (1.25, "us"),
        "accuracy.top1": (0.925, ""),
        "outputs.golden_file": (63 / 64, ""),
    }
    median = figures["latency.median"]
    assert median.key == Key("m", "test_cases/lstm.yaml::m[64 steps]", "latency.median")
    assert median.measured_under() == {
        "kind": "pico",
        "serial": "E661",
        "chip": "RP2040",
        "clock_hz": "125000000",
        "build": "4f1c2aa0",
        "tflm": "90b983c",
        "compiler": "GCC 12.2",
        "target": "pico",
        "kernels": "K",
        "engine": "tflm",
        "pointer_bits": "32",
        "model": "ab" * 32,
        "setup": "warm-up 5",
        "harness": "",
    }
    assert median.spread is not None and (median.spread.count, median.spread.low) == (7, 1.0)


def test_sessions_of_one_test_are_told_apart_by_model(path):
    sessions = [measured(), measured(model="other"), measured()]
    run = read_junit(report(path, (sessions, "test_cases.test_x", "test_y", "")))
    used = [(figure.model, figure.name) for figure in run.figures if figure.name.startswith("arena.used")]
    assert used == [("m", "arena.used"), ("other", "arena.used"), ("m", "arena.used.2")]


@pytest.mark.parametrize(
    ("inside", "outcome"),
    [
        ("", "passed"),
        ("<failure message='x'/>", "failed"),
        ("<error message='x'/>", "error"),
        ("<skipped message='x'/>", "skipped"),
    ],
)
def test_outcomes(path, inside, outcome):
    run = read_junit(report(path, ([measured()], "test_x", "test_y", inside)))
    assert run.outcomes == {"test_x.py::test_y": outcome}
    assert {figure.outcome for figure in run.figures} == {outcome}


@pytest.mark.parametrize(
    ("classname", "name", "expected"),
    [
        ("test_cases.lstm.yaml", "a[b.c]", "test_cases/lstm.yaml::a[b.c]"),
        ("test_cases.test_state", "test_a", "test_cases/test_state.py::test_a"),
        ("test_cases.test_state.TestState", "test_a", "test_cases/test_state.py::TestState::test_a"),
        ("x.yaml", "\x00", "x.yaml::\\x00"),
    ],
)
def test_node_ids(classname, name, expected):
    assert test_id({"classname": classname, "name": name}) == expected


def test_a_bomb_of_entities_is_refused_before_it_goes_off(path):
    entities = '<!ENTITY a0 "aaaaaaaaaa">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 20))
    path.write_text(f"<!DOCTYPE x [{entities}]><testsuites>&a19;</testsuites>")
    with pytest.raises(JUnitError, match="document type"):
        read_junit(path)


def test_a_file_elsewhere_is_not_read(path, tmp_path):
    (tmp_path / "secret").write_text("secret")
    path.write_text(f'<!DOCTYPE x [<!ENTITY s SYSTEM "{tmp_path / "secret"}">]><testsuites>&s;</testsuites>')
    with pytest.raises(JUnitError, match="document type"):
        read_junit(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not XML"),
        ("<testsuites>", "not XML"),
        ("{}", "not XML"),
        ("<testsuites></testsuites>", "a testsuite with a timestamp"),
        ("<testsuites><testsuite timestamp='yesterday'/></testsuites>", "a date and time"),
        (f"<testsuites><testsuite timestamp='{STARTED}'><testcase name='a'/></testsuite></testsuites>", "no figures"),
        ("<a>" * 50 + "\x00", "not XML"),
    ],
)
def test_what_is_no_report_is_an_error_with_its_name(path, text, message):
    path.write_text(text)
    with pytest.raises(JUnitError, match=message) as caught:
        read_junit(path)
    assert "junit.xml" in str(caught.value)


def test_a_report_without_a_time_zone_is_of_utc(path):
    run = read_junit(report(path, ([measured()], "a", "b", ""), started="2026-11-21T10:23:19"))
    assert run.started == datetime(2026, 11, 21, 10, 23, 19, tzinfo=timezone.utc)


def test_numbers_that_are_none_are_left_out(path):
    report(path, ([measured()], "a", "b", ""))
    text = path.read_text()
    for old, new in (("2100", "nan"), ("1800", "1e999"), ("63/64 steps equal", "1/0 steps equal"), ("125000000", "٣")):
        assert old in text
        text = text.replace(f'"{old}"', f'"{new}"')
    path.write_text(text)
    figures = {figure.name: figure for figure in read_junit(path).figures}
    assert "arena.head" in figures and not {"arena.used", "arena.tail", "outputs.golden_file"} & set(figures)
    assert figures["arena.head"].conditions.clock_hz is None


@pytest.mark.parametrize("limit", ["MAX_BYTES", "MAX_PROPERTIES"])
def test_the_file_is_bounded(path, monkeypatch, limit):
    monkeypatch.setattr(junit_file, limit, 10)
    with pytest.raises(JUnitError, match="at most 10"):
        read_junit(report(path, ([measured()], "a", "b", "")))
