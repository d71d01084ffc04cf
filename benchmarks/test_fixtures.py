"""100 tests of one command each: the harness's fixtures next to a session-scoped pyserial fixture.

Both sides are whole pytest processes, start-up and all, for that is what a person waits for. Both talk to the same fake
device, which each run starts for itself: the host board's own program loads Python and numpy when it starts, and that
would be measured, not the fixtures. So the harness's run gets the fake device's command in the place of the host
board's; all else, from `--board host` to the last fixture's end, is the harness as it is.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.pytest_run import WITHOUT_PLUGIN, PytestRun, require_installed_plugin, run_pytest
from benchmarks.rounds import by_turns
from benchmarks.table import Table
from harness.boards.host.board import why_unavailable

_LIMIT = 1.3
_ROUNDS = 11
_TESTS = 100

# From the end of the first test, which may have to start something, to the end of the last.
_CLOCK = """
import time

_ends = []


def pytest_runtest_logfinish():
    _ends.append(time.perf_counter())


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"tests only: {_ends[-1] - _ends[0]:.6f} s")
"""

_HARNESS_CONFTEST = """
import harness.boards.host.board
from harness.boards.host.firmware import build_id

harness.boards.host.board.DEVICE_COMMAND = ({program!r}, "--build", build_id())
"""

_BARE_CONFTEST = """
import subprocess

import pytest
import serial


@pytest.fixture(scope="session")
def line():
    with subprocess.Popen([{program!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as device:
        port = device.stdout.readline().decode().split()[1]
        with serial.Serial(port, 115200, timeout=5) as line:
            yield line
        device.stdin.close()
"""

_HARNESS_TEST = """
def test_ping_{number}(bench):
    bench.client.ping()
"""

_BARE_TEST = """
def test_ping_{number}(line):
    line.write(b"ping #{number}\\n")
    assert line.readline().endswith(b"}}\\n")
"""


def _write_tests(folder: Path, conftest: str, test: str) -> Path:
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "conftest.py").write_text(conftest + _CLOCK, encoding="utf-8")
    tests = "\n".join(test.format(number=number) for number in range(_TESTS))
    (folder / "test_ping.py").write_text(tests, encoding="utf-8")
    return folder


def _tests_only(run: PytestRun) -> float:
    assert f"{_TESTS} passed" in run.output, run.output
    found = re.search(r"tests only: ([0-9.]+) s", run.output)
    assert found is not None, run.output
    return float(found.group(1))


@pytest.mark.timeout(300)
def test_the_fixtures_cost_hardly_more_than_a_bare_pyserial_fixture(
    device_program: Path, tmp_path: Path, table: Table
) -> None:
    require_installed_plugin()
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(reason)
    program = str(device_program)
    with_harness = _write_tests(tmp_path / "harness", _HARNESS_CONFTEST.format(program=program), _HARNESS_TEST)
    by_hand = _write_tests(tmp_path / "bare", _BARE_CONFTEST.format(program=program), _BARE_TEST)
    ours, theirs = by_turns(
        _ROUNDS,
        lambda: run_pytest(with_harness, "--board", "host"),
        lambda: run_pytest(by_hand, *WITHOUT_PLUGIN),
    )
    tests = (min(map(_tests_only, ours)), min(map(_tests_only, theirs)))
    table.note("tests 2 to 100 of them, start-up aside", *(f"{seconds:.3f} s" for seconds in tests))
    harness, bare = (min(run.seconds for run in runs) for runs in (ours, theirs))
    ratio = harness / bare
    table.judge(
        f"{_TESTS} one-command tests",
        f"{harness:.3f} s",
        f"{bare:.3f} s",
        f"{ratio:.2f} x",
        f"<= {_LIMIT} x",
        ok=ratio <= _LIMIT,
    )
