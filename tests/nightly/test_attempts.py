"""What failed runs again wherever the night is started, whatever it is called; a pytest that could not is told."""

import json
import os

import pytest

from harness.deadline import Deadline
from harness.nightly.attempts import test_board as run_board
from harness.nightly.comparison import Comparison
from harness.nightly.merge import merge_attempts
from harness.nightly.plan import Plan
from harness.nightly.programs import Ended, Programs
from harness.nightly.verdict import judge_board
from harness.record.model import Test
from harness.record.read import read_record
from harness.record.write import write_record
from tests.unit.nightly.records import make_run, make_test
from tests.unit.nightly.test_merge import NIGHT

LONG = 120.0
FLAKY = """
from pathlib import Path
import pytest

ODD = ["a/b", "x::y", "two words", "-x", "--co", "[q]", "@z", "$HOME", "\u00fc", "\\x00", "a\\nb", "::", ".."]

@pytest.mark.parametrize("name", ODD)
def test_flaky(name):
    tried = Path(__file__).with_name(f"tried-{ODD.index(name)}")
    first = not tried.exists()
    tried.touch()
    assert not first

class TestClass:
    def test_good(self): pass
"""


def night(tmp_path, *tests, programs=None, **plan):
    """The attempts, and what they come to."""
    reports = tmp_path / "reports"
    reports.mkdir()
    made = Plan(nights=tmp_path, boards=("host",), tests=tuple(map(str, tests)), **plan)
    attempts = run_board(made, "host", reports, programs or Programs(), Deadline(LONG), None)
    merged = merge_attempts(attempts.records, NIGHT) if attempts.records else None
    return attempts, judge_board(reports, attempts, merged, Comparison(), stopped=False)


@pytest.fixture
def project(tmp_path):
    """A project's folder, with a folder of tests that has an unusable configuration of its own."""

    def make(name):
        folder = tmp_path / name
        (folder / "sub" / "deep").mkdir(parents=True)
        (folder / "beside").mkdir()
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "sub" / "deep" / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
        (folder / "sub" / "deep" / "test_a b.py").write_text(FLAKY)
        return folder

    return make


@pytest.mark.parametrize(
    ("name", "current"),
    [
        ("project", ".."),
        ("project", "."),
        ("project", "beside"),
        ("project", "sub/deep"),
        ("-project", ".."),
        # pytest takes these for something else, unless they are not said.
        ("a[1] $HOME", "."),
    ],
)
def test_what_failed_runs_again_from_every_folder(project, tmp_path, monkeypatch, name, current):
    folder = project(name)
    monkeypatch.chdir(folder / current)
    # As a person says it: where the name cannot be said, from within.
    tests = folder / "sub" if "[" not in name else "sub"
    attempts, judged = night(tmp_path, tests)
    assert (judged.verdict, judged.count.flaky, judged.count.passed, attempts.notes) == ("flaky", 13, 1, [])
    assert [len(run.tests) for _, run in attempts.records] == [14, 13]
    assert {(run.rootdir, run.inifile) for _, run in attempts.records} == {(str(folder), str(folder / "pytest.ini"))}


def test_without_a_configuration_the_names_stay_the_same_too(tmp_path, monkeypatch):
    for name in ("here/current", "other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "here" / "test_flaky.py").write_text(FLAKY)
    (tmp_path / "other" / "test_good.py").write_text("def test_good(): pass\n")
    monkeypatch.chdir(tmp_path / "here" / "current")
    # What both have in common is the rootdir; what failed has a nearer one.
    attempts, judged = night(tmp_path, tmp_path / "here", tmp_path / "other")
    assert (judged.verdict, judged.count.flaky, judged.count.passed) == ("flaky", 13, 2)
    assert {(run.rootdir, run.inifile) for _, run in attempts.records} == {(str(tmp_path), None)}


def test_an_attempt_that_was_wrong_usage_is_told_and_hides_no_failure(project, tmp_path, monkeypatch):
    folder = project("project")
    monkeypatch.chdir(tmp_path)
    (folder / "sub" / "test_gone.py").write_text("import os\ndef test_gone(): os.unlink(__file__); assert 0\n")
    attempts, judged = night(tmp_path, folder / "sub" / "test_gone.py")
    assert [attempt.ended.code for attempt in attempts.done] == [1, 4]
    assert attempts.notes == ["pytest ended with a usage error, see attempt-2/pytest.log"]
    assert (judged.verdict, judged.count.failed) == ("broken", 1)
    assert judged.why.startswith("pytest ended with exit code 4: ERROR: file or directory not found: ")


def test_an_internal_error_is_told(project, tmp_path, monkeypatch):
    folder = project("project")
    monkeypatch.chdir(folder)
    (folder / "conftest.py").write_text("def pytest_runtest_logstart(): raise OSError('the plugin broke')\n")
    attempts, judged = night(tmp_path, "sub")
    assert attempts.notes == ["pytest ended with an internal error, see attempt-1/pytest.log"]
    assert judged.verdict == "broken" and judged.why.startswith("pytest ended with exit code 3: ")


class Recorded:
    """Stands in for programs: each pytest leaves the record that it is given, and how it was called is kept."""

    stopped = False

    def __init__(self, *runs):
        self.calls = []
        self._runs = list(runs)

    def run(self, command, *, seconds, log):
        self.calls.append(command[3:])
        log.write_text("")
        write_record(log.parent, self._runs.pop(0))
        return Ended("ended", 1, 1.0, log)


@pytest.mark.parametrize("rootdir", [None, "", "\x00", "x" * 10_000, "/no/such/folder"])
def test_names_in_a_record_are_no_options_and_a_rootdir_that_is_none_is_passed_over(tmp_path, rootdir):
    names = ["-x.py", "@args.py", "--co", "a\x00b", "t.py::\x1b[0m", ""]
    tests = [Test(id=name, outcome="failed") for name in names]
    run = make_run(*tests, rootdir=rootdir, inifile=rootdir)
    programs = Recorded(run, run)
    attempts, _ = night(tmp_path, "tests", programs=programs)
    told = [argument for argument in programs.calls[1] if not argument.startswith(("--board", "--report", "--junit"))]
    assert told[:4] == ["././-x.py", "././@args.py", "././--co", "././"]
    assert not [argument for argument in told if argument.startswith(("--rootdir", "--config-file"))]
    assert attempts.notes == ["2 tests whose names cannot be told to pytest not run again"]


def test_a_variable_in_the_rootdirs_name_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("WHERE", "elsewhere")
    folder = tmp_path / "$WHERE"
    folder.mkdir()
    run = make_run(make_test("a", "failed"), rootdir=str(folder))
    programs = Recorded(run, run)
    night(tmp_path, programs=programs)
    assert programs.calls[1][0] == f"./{os.path.relpath(folder)}/test_a.py::a"


def test_records_of_before_the_rootdir_was_kept_are_read(tmp_path):
    file = write_record(tmp_path, make_run(make_test("a")))
    told = json.loads(file.read_bytes())
    assert told.pop("rootdir") is None and told.pop("inifile") is None
    file.write_text(json.dumps(told))
    assert read_record(tmp_path) == make_run(make_test("a"))
