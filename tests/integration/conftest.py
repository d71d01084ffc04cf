"""A project of a user's, in a folder of its own, with the plugin."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Runs of pytest inside this process forget what they import; what is here already, they need not import again.
import harness.cases.run
import harness.report.properties
import harness.report.summary
import harness.testing.failures
import harness.testing.header
import harness.testing.items  # noqa: F401
from harness.bench import Bench
from harness.boards.host import board as host_board
from harness.boards.host.board import HostBoard
from harness.models.library import ModelLibrary
from harness.tflm.availability import why_unavailable
from tests.support.serial_server import SerialServer

ROOT = Path(__file__).parent.parent.parent
MODELS = ROOT / "test_cases" / "models"


@pytest.fixture(autouse=True)
def tflm():
    """These tests need TFLM's interpreter."""
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory):
    """Where the host boards of these tests keep their flash: most tests need not flash them anew."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_boards(shared_cache, monkeypatch):
    """Host boards that are not the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared_cache))


@pytest.fixture
def unflashed_boards(tmp_path, monkeypatch):
    """Host boards that have never been flashed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def project(pytester):
    """A pytester folder that knows the example models by name."""
    pytester.makeini(f"[pytest]\ntflm_models = {MODELS}\n")
    return pytester


@pytest.fixture
def run(project, monkeypatch):
    """Runs pytest on the project: `run("-x", fault="forget")`. A fault puts a faulty device in the board's place."""

    def run_pytest(*arguments, fault=None, subprocess=False, cache=False):
        if fault is not None:
            command = (sys.executable, "-m", "tests.support.faulty_device", fault)
            if subprocess:
                project.makeconftest(f"import harness.boards.host.board as b\nb.DEVICE_COMMAND = {command!r}\n")
            monkeypatch.setattr(host_board, "DEVICE_COMMAND", command)
            monkeypatch.setenv("PYTHONPATH", str(ROOT))
        runner = project.runpytest_subprocess if subprocess else project.runpytest_inprocess
        return runner(*([] if cache else ["-p", "no:cacheprovider"]), *arguments)

    return run_pytest


@pytest.fixture
def host(tmp_path):
    """A board whose port a server may serve; the sine is on it, and some larger models."""
    board = HostBoard(tmp_path)
    library = ModelLibrary([MODELS])
    bench = Bench(board, library)
    bench.prepare([library.find(name) for name in ("sine_int8", "sine_float", "lstm_seq_int8")])
    bench._line.drop()
    yield board
    bench.close()


@pytest.fixture(params=["rfc2217", "socket"])
def server(request, host):
    """A server of its port."""

    def port():
        # A Pico that restarts has its port again, by itself.
        if host._process.poll() is not None:
            host.recover()
        return host._port

    served = SerialServer(port, rfc2217=request.param == "rfc2217")
    yield served
    served.close()
