"""`tflm-hil nightly` as cron and systemd run it, on the host board."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.deadline import Deadline
from harness.nightly.folders import locked
from harness.nightly.status import read_night
from tests.unit.nightly.test_folders import NOW

LONG = 60.0
FLAKY = """
from pathlib import Path

def test_once(open_model):
    open_model("accumulator")
    tried = Path("tried")
    if not tried.exists():
        tried.touch()
        raise OSError("the cable was loose")
"""


@pytest.fixture
def nightly(project, capsys):
    """Runs a night: gives its exit code and its result."""

    def run(*arguments):
        code = main(["nightly", "nights", "--board", "host", *arguments])
        shown = capsys.readouterr().out
        night = read_night(Path("nights/latest"))
        assert night is not None and f"{night.line}\n" in shown
        return code, night

    return run


@pytest.mark.parametrize(("arguments", "exit_code"), [([], 0), (["--strict"], 1)])
def test_a_test_that_passes_only_when_run_again_is_told(nightly, arguments, exit_code):
    Path("test_flaky.py").write_text(FLAKY)
    code, night = nightly("--tests", "test_flaky.py", "--tests", "test_models.py", *arguments)
    [board] = night.boards
    assert (code, night.verdict, board.verdict, board.attempts) == (exit_code, "flaky", "flaky", 2)
    assert (board.tests.passed, board.tests.flaky, board.tests.failed) == (3, 1, 0)
    assert "FLAKY" in night.line and "test_flaky.py::test_once passed only when run again" in night.line
    assert [note.why for note in board.flaky] == ["OSError: the cable was loose"]
    reports = Path("nights/latest/boards/host")
    # The first failure stays in a report of its own, which CI reads too; the second has only what failed.
    assert "the cable was loose" in (reports / "attempt-1/junit.xml").read_text()
    assert "test_sum" not in (reports / "attempt-2/junit.xml").read_text()
    told = next(test for test in json.loads((reports / "run.json").read_text())["tests"] if "once" in test["id"])
    assert (told["outcome"], told["reruns"], told["attempts"][0]["outcome"]) == ("passed", 1, "failed")


def test_without_retries_it_failed(nightly):
    Path("test_flaky.py").write_text(FLAKY)
    code, night = nightly("--tests", "test_flaky.py", "--retries", "0")
    assert (code, night.verdict, night.boards[0].attempts) == (1, "failed", 1)


def test_many_failures_are_no_chance(nightly):
    Path("test_many.py").write_text(
        "import pytest\n@pytest.mark.parametrize('n', range(21))\ndef test(n): assert not n+1\n"
    )
    code, night = nightly("--tests", "test_many.py")
    assert (code, night.boards[0].verdict, night.boards[0].attempts) == (1, "failed", 1)
    assert "21 tests failed: too many for chance, none was run again" in night.line


@pytest.mark.parametrize(
    ("tests", "verdict", "words"),
    [
        ("def test(:", "failed", "test_wrong.py: "),
        ("", "broken", "pytest ended with exit code 5: no tests ran"),
        (
            "import pytest\npytestmark = pytest.mark.skip('x')\ndef test(): pass\n",
            "broken",
            "no test ran, 1 were skipped",
        ),
    ],
)
def test_tests_that_are_none_are_not_green(nightly, tests, verdict, words):
    Path("test_wrong.py").write_text(tests)
    code, night = nightly("--tests", "test_wrong.py")
    assert (code, night.verdict) == (1, verdict)
    assert words in night.line


def test_tests_that_never_end_are_ended(nightly):
    Path("test_stuck.py").write_text(
        "import threading, pytest\ndef test_fine(board): pass\n"
        "@pytest.mark.timeout(0)\ndef test_stuck(board): threading.Event().wait(600)\n"
    )
    code, night = nightly("--tests", "test_stuck.py", "--deadline", "12")
    [board] = night.boards
    assert (code, board.verdict) == (1, "hung")
    assert board.why.endswith("2 of 2 tests begun, in test_stuck.py::test_stuck")
    assert board.tests.passed == 1


def test_a_chat_that_cannot_be_reached_hides_nothing(nightly, monkeypatch):
    monkeypatch.setenv("TFLM_HIL_WEBHOOK", "http://127.0.0.1:1/secret")
    code, night = nightly()
    assert (code, night.verdict) == (0, "passed")
    assert len(night.notes) == 1 and night.notes[0].startswith("webhook: 127.0.0.1: ")
    assert "secret" not in Path("nights/latest/night.json").read_text()


def test_two_at_once_are_refused(project, capsys):
    with locked(Path("nights"), NOW):
        assert main(["nightly", "nights", "--board", "host"]) == 1
    assert "NightBusy" in capsys.readouterr().err
    assert [path.name for path in Path("nights").iterdir()] == [".lock"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_night_that_is_stopped_leaves_a_result_and_no_program(project, number):
    Path("test_stuck.py").write_text("import threading\ndef test_stuck(board): threading.Event().wait(600)\n")
    command = [
        sys.executable,
        "-m",
        "harness.cli.main",
        "nightly",
        "nights",
        "--board",
        "host",
        "--tests",
        "test_stuck.py",
    ]
    # As `&` in a script starts it: SIGINT ignored.
    process = subprocess.Popen(command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    deadline, never = Deadline(LONG), threading.Event()
    while not any(Path("nights").glob("*/boards/host/attempt-1/logs/*")):
        assert process.poll() is None and not deadline.expired()
        never.wait(0.05)
    process.send_signal(number)
    assert process.wait(LONG) == 130
    night = read_night(Path("nights/latest"))
    assert night is not None and night.verdict == "interrupted"
    assert "host interrupted" in night.line
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(project.folder) not in running
