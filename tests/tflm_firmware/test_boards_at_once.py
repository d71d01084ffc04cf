"""Suites on several emulated boards, and on one behind a server of its serial port: figures are those of one board."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from harness.bench import Bench
from harness.boards.emulator.board import EmulatorBoard
from harness.flash.firmware import Firmware
from harness.models.library import ModelLibrary
from harness.record.figures import figures_of
from harness.record.model import Run
from harness.record.read import read_record
from tests.support.serial_server import SerialServer
from tests.tflm_firmware.conftest import ROOT

SUITE = ["test_cases/sine.yaml", "test_cases/shapes.yaml", "test_cases/svdf.yaml", "test_cases/accumulator.yaml"]
MODELS = ROOT / "test_cases" / "models"


@pytest.fixture
def suite(firmware: Firmware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs the suite with these options; returns the run's record."""
    # Boards of our own, whose flash nobody else writes.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(name: str, *options: str) -> Run:
        command = [sys.executable, "-m", "pytest", *SUITE, "-q", "-p", "no:cacheprovider", *options]
        command += ["--report-dir", str(tmp_path / name)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout
        return read_record(tmp_path / name)

    return run


def figures(record: Run) -> dict[object, float]:
    return {figure.key: figure.value for figure in figures_of(record)}


@pytest.mark.timeout(600)
def test_four_boards_measure_what_one_measures(suite, firmware):
    one = suite("one", "--board", "emulator", "--firmware", str(firmware.path))
    four = suite("four", "--board", "emulator:4", "-n", "auto", "--firmware", str(firmware.path))
    assert [board.name for board in four.boards] == [f"emulator-{number}" for number in range(4)]
    assert Counter(test.id for test in four.tests) == Counter(test.id for test in one.tests)
    apart = {key: (value, figures(four)[key]) for key, value in figures(one).items() if figures(four)[key] != value}
    # Interrupts of USB may fall into an invoke or beside it; nothing else is left to chance.
    assert {name for _, _, name in apart} <= {name for _, _, name in apart if name.startswith(("latency.", "op."))}
    assert len(apart) <= len(figures(one)) // 100
    assert all(abs(was - came) <= 0.02 * was for was, came in apart.values())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("rfc2217", [True, False], ids=["rfc2217", "socket"])
def test_the_suite_passes_through_a_server_of_the_boards_serial_port(suite, firmware, tmp_path, rfc2217):
    board = EmulatorBoard(firmware, directory=tmp_path / "served")
    library = ModelLibrary([MODELS])
    bench = Bench(board, library)
    server = None
    try:
        bench.prepare(library.valid_models())
        # The line is the server's from here on.
        bench._line.drop()
        server = SerialServer(board.port, rfc2217=rfc2217)
        record = suite("remote", "--board", server.url)
    finally:
        if server is not None:
            server.close()
        bench.close()
    assert {test.outcome for test in record.tests} == {"passed"}
    assert re.match("rfc2217://|socket://", record.boards[0].name)
    assert (record.boards[0].chip, record.boards[0].build) == ("RP2040", firmware.build)
    assert server.dtr is True
