"""`tflm-hil baseline`, `regress` and `history`, on the records of runs."""

import json
import xml.etree.ElementTree as ElementTree

import msgspec
import pytest

from harness.cli.main import main
from harness.record.model import Arena, Board, Latency, Measurement, Run, Test
from harness.record.write import write_record
from tests.support.junit_files import valid_suites
from tests.support.runs import board as board_with

BOARD = board_with(name="emulator-0")


def latency(us):
    return Latency(count=3, samples_us=[us] * 3, min=us, median=us, p95=us, max=us, mean=us, deviation=0, jitter=0)


def record(folder, *, day=15, used=1000, us=18.8, board=BOARD, tests=("t.yaml::t",), others=(), ended="complete"):
    """Writes the record of a run and returns its folder."""
    measurement = Measurement(
        model="m", sha256="ab" * 32, board=board.name, arena=Arena(size=4096, used=used), latency=latency(us)
    )
    run = Run(
        version=1,
        started=f"2026-11-{day}T03:00:00+00:00",
        seconds=60,
        ended=ended,
        command=["pytest"],
        versions={"tflm-hil": "0.1.0"},
        boards=[board, *others],
        tests=[Test(id=test, outcome="passed", board=board.name, measurements=[measurement]) for test in tests],
    )
    write_record(folder, run)
    return folder


def build(name):
    return msgspec.structs.replace(BOARD, build=name)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys, *arguments):
    """The exit code and the JSON that a command printed."""
    code = main([*map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_week_with_a_regression_from_tuesday_on(here, capsys):
    """What a nightly script does: save once, then every night regress and import."""
    assert main(["baseline", "save", str(record(here / "r", day=14))]) == 0
    codes, verdicts = [], []
    for day in range(15, 22):
        slower = day >= 17
        run = record(here / f"r{day}", day=day, us=20.116 if slower else 18.8, board=build("b2" if slower else "b1"))
        arguments = ("--history", "reports/history.db") if day > 15 else ()
        capsys.readouterr()
        code, judged = told(capsys, "regress", run, *arguments)
        codes.append(code)
        verdicts.append(judged)
        assert main(["history", "import", str(run)]) == 0
    assert codes == [0, 0, 3, 3, 3, 3, 3]
    for judged in verdicts[2:]:
        texts = {each["since"]["text"] for each in judged["findings"]}
        assert texts == {"since Tuesday 2026-11-17, firmware build b2, +7.0 %"}
        assert {each["figure"] for each in judged["findings"]} == {
            f"latency.{name}" for name in ("min", "median", "p95", "max")
        }
    capsys.readouterr()
    assert main(["history", "m", "--nights", "30"]) == 0
    shown = capsys.readouterr().out
    assert "since Tuesday 2026-11-17, firmware build b2, +7.0 %" in shown and "▁▁█████" in shown
    assert main(["history", "m", "--figure", "arena.used"]) == 0
    assert "since" not in capsys.readouterr().out


def test_the_xml_is_written_and_fails_where_the_run_does(here, capsys):
    main(["baseline", "save", str(record(here / "r"))])
    assert main(["regress", str(record(here / "r2", used=1016)), "--xml", "x/regression.xml"]) == 3
    assert valid_suites(here / "x" / "regression.xml")
    root = ElementTree.parse(here / "x" / "regression.xml").getroot()
    assert [case.get("name") for case in root.iter("testcase") if case.find("failure") is not None] == [
        "arena.used t.yaml::t"
    ]
    assert "+1.6 % (+16 B)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"used": 984}, 0),
        ({"used": 1016}, 3),
        ({"tests": ()}, 4),
        ({"tests": ("t.yaml::t", "t.yaml::new")}, 0),
        ({"board": msgspec.structs.replace(BOARD, clock_hz=133_000_000)}, 4),
        ({"ended": "stopped: no board is left for 1 test"}, 4),
        ({"ended": "interrupted", "used": 1016}, 3),
        ({"others": (Board(name="emulator (gw1)", lost="no firmware"),)}, 4),
        ({"board": msgspec.structs.replace(BOARD, lost="no answer")}, 4),
    ],
)
def test_exit_codes(here, changes, code):
    main(["baseline", "save", str(record(here / "r"))])
    assert main(["regress", str(record(here / "r2", **changes))]) == code


HOST = Board(name="host-0", kind="host", serial="host-0", chip="x86_64 (Linux)", engine="tflm", pointer_bits=64)


def spread(folder, **places):
    """Writes the record of a run on two kinds of boards, and its JUnit file; returns its folder.

    Args:
        folder: where to.
        places: the board of each test; None of one that was not run, for its board was lost.
    """
    boards = {"emulator": BOARD, "host": HOST}
    tests = []
    for test, kind in places.items():
        name = f"t.py::{test}"
        if kind is None:
            tests.append(Test(id=name, outcome="not run"))
            continue
        measured = Measurement(model="m", sha256="ab" * 32, board=boards[kind].name, arena=Arena(size=4096, used=1000))
        tests.append(Test(id=name, outcome="passed", board=boards[kind].name, measurements=[measured]))
    lost = None in places.values()
    run = Run(
        version=1,
        started="2026-11-15T03:00:00+00:00",
        seconds=60,
        ended="stopped: no board is left" if lost else "complete",
        command=["pytest"],
        versions={"tflm-hil": "0.1.0"},
        boards=[Board(name="emulator (gw0)", lost="no firmware") if lost else BOARD, HOST],
        tests=tests,
    )
    write_record(folder, run)
    (folder / "junit.xml").write_text(junit(run))
    return folder


def junit(run):
    """The JUnit file of a run, as far as `regress` reads it."""
    root = ElementTree.Element("testsuites")
    for board in run.boards:
        suite = ElementTree.SubElement(root, "testsuite", name=board.name, timestamp="2026-11-15T03:00:00")
        told = {
            "run.harness": "0.1.0",
            **{f"board.{name}": value for name, value in msgspec.to_builtins(board).items()},
        }
        add_properties(suite, told)
        for test in run.tests:
            if test.board == board.name:
                case = ElementTree.SubElement(suite, "testcase", classname="t", name=test.id.partition("::")[2])
                [measured] = test.measurements
                figures = {"model": "m", "model.sha256": measured.sha256, "arena.used_bytes": measured.arena.used}
                add_properties(case, {"test": test.id, **told, **figures})
    suite = ElementTree.SubElement(root, "testsuite", name="not run", timestamp="2026-11-15T03:00:00")
    for test in run.tests:
        if test.outcome == "not run":
            case = ElementTree.SubElement(suite, "testcase", classname="t", name=test.id.partition("::")[2])
            ElementTree.SubElement(case, "error", message=f"not run: {run.ended}", type="not run")
    return ElementTree.tostring(root, "unicode")


def add_properties(element, told):
    properties = ElementTree.SubElement(element, "properties")
    for name, value in told.items():
        if value not in (None, ""):
            ElementTree.SubElement(properties, "property", name=f"tflm.{name}", value=str(value))


@pytest.mark.parametrize("file", ["run.json", "junit.xml"])
def test_what_a_lost_board_would_have_measured_is_missed(here, capsys, file):
    main(["baseline", "save", str(spread(here / "r", a="emulator", b="host"))])
    capsys.readouterr()
    code, judged = told(capsys, "regress", spread(here / "r2", a=None, b="host") / file)
    assert (code, judged["ended"], judged["lost"]) == (4, "stopped: no board is left", ["emulator (gw0)"])
    assert [(each["board"], each["verdict"], each["reason"]) for each in judged["findings"]] == [
        ("emulator", "vanished", "not run")
    ]
    assert main(["regress", str(here / "r2" / file)]) == 4
    assert "lost: emulator (gw0)" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("file", ["run.json", "junit.xml"])
def test_which_kind_of_board_got_which_test_is_no_regression(here, capsys, file):
    main(["baseline", "save", str(spread(here / "r", a="emulator", b="host", c="host"))])
    capsys.readouterr()
    code, judged = told(capsys, "regress", spread(here / "r2", a="host", b="emulator", c="host") / file)
    assert (code, judged["lost"]) == (0, [])
    assert {verdict: count for verdict, count in judged["counts"].items() if count} == {"elsewhere": 4, "unchanged": 1}
    main(["regress", str(here / "r2" / file)])
    assert "ran on host this time" in capsys.readouterr().out


def test_another_clock_is_refused_until_it_is_accepted(here, capsys):
    main(["baseline", "save", str(record(here / "r"))])
    run = record(here / "r2", us=17.7, board=msgspec.structs.replace(BOARD, clock_hz=133_000_000))
    capsys.readouterr()
    code, judged = told(capsys, "regress", run)
    assert (code, judged["counts"]["not comparable"]) == (4, 4)
    code, judged = told(capsys, "regress", run, "--accept", "clock_hz")
    assert (code, judged["counts"]["improved"]) == (0, 4)
    assert all("clock_hz 125 MHz -> 133 MHz" in each["notes"] for each in judged["findings"])


def test_a_baseline_is_saved_shown_and_replaced_in_part(here, capsys):
    _, saved = told(capsys, "baseline", "save", record(here / "r", tests=("a", "b")))
    [file] = saved["saved"]
    assert file == {
        "file": "baselines/emulator-RP2040-125MHz-tflm.yaml",
        "figures": 10,
        "changed": 0,
        "new": 10,
        "removed": 0,
    }
    _, saved = told(capsys, "baseline", "save", record(here / "r2", used=5, tests=("a", "b")), "--only", "b")
    assert saved["saved"][0]["changed"] == 1
    _, shown = told(capsys, "baseline", "show", "m")
    used = {each["test"]: each["value"] for each in shown["baselines"][0]["figures"] if each["figure"] == "arena.used"}
    assert used == {"a": 1000, "b": 5}
    assert main(["baseline", "show"]) == 0
    text = capsys.readouterr().out
    for words in ("RP2040, 125 MHz, 32-bit", "firmware b1, pico, TFLM 90b983c", "1,000 B  exact"):
        assert words in text


def test_importing_again_adds_nothing_and_a_broken_file_keeps_no_other_out(here, capsys):
    run = record(here / "r")
    (here / "broken.xml").write_text("<")
    code, imported = told(capsys, "history", "import", "broken.xml", run, run, here / "missing")
    assert code == 1 and imported["runs"] == 1
    assert [each.get("error", each.get("known")) for each in imported["files"]] == [
        "JUnitError",
        False,
        True,
        "RecordInvalid",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["regress", "missing.json"], 1, "RecordInvalid"),
        (["regress", "r", "--baseline", "missing"], 2, "a folder expected"),
        (["regress", "r", "--history", "missing.db"], 1, "there is none"),
        (["regress", "r", "--configuration", "../x"], 2, "letters, digits"),
        (["baseline", "show"], 2, "there are none"),
        (["baseline", "save", "r", "--only", "nothing"], 2, "there is none"),
        (["history", "m"], 1, "history import"),
        (["history", "import"], 2, "none came"),
        (["history", "m", "x.xml"], 2, "one model expected"),
    ],
)
def test_mistakes_are_told(here, capsys, arguments, code, message):
    record(here / "r")
    assert main(arguments) == code
    assert message in capsys.readouterr().err


def test_an_unknown_model_is_told_with_those_there_are(here, capsys):
    main(["history", "import", str(record(here / "r"))])
    assert main(["history", "lstm"]) == 2
    assert "there are models m" in capsys.readouterr().err
