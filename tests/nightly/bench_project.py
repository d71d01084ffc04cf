"""A project of a user's that is tested every night: two models, and what a night can do to them and to the boards."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from test_cases.training import sine
from tests.support.documents import ROOT

MODELS = ROOT / "test_cases" / "models"

_INI = """
[pytest]
testpaths = test_models.py
tflm_models = models
timeout = 100
"""

_TESTS = """
import numpy as np

X = np.random.default_rng(3).uniform(-0.9, 0.9, 8)


def measure(model, open_model, reference):
    session = open_model(model)
    x = X.reshape(-1, *session.inputs[0].shape)
    session.run(x, real=True).assert_equals(reference(model).run(x, real=True))
    session.invoke(x[0], real=True, repeats=20)


def test_forecast(open_model, reference):
    measure("lstm_seq_int8", open_model, reference)


def test_sine(open_model, reference):
    measure("curve", open_model, reference)


def test_sum(open_model):
    session = open_model("accumulator")
    assert [session.invoke(np.ones((1, 1), np.float32)).outputs[0].item() for _ in range(3)] == [11, 12, 13]
"""

# What hangs is the device itself: the host board's program stops itself in each invoke, an emulated chip is stopped.
_HANGS = """
import os, signal, sys

import pytest

import harness.boards.host.board as host

HUNG = os.environ.get("WEEK_HANGS", "")
if HUNG == "host":
    host.DEVICE_COMMAND = (sys.executable, "-m", "tests.support.faulty_device", "hang")


@pytest.fixture(autouse=True)
def hangs(board):
    if HUNG == board.name:
        os.kill(board._process._process.pid, signal.SIGSTOP)
"""


def sine_model(first: int = 16, second: int = 16) -> bytes:
    """A model of three FULLY_CONNECTED layers of these widths, the last one of 1; more of it costs time and arena."""
    random = np.random.RandomState(7)
    return sine.int8_model(
        {
            "w1": random.uniform(-1, 1, (first, 1)),
            "b1": random.uniform(-1, 1, first),
            "w2": random.uniform(-0.5, 0.5, (second, first)),
            "b2": np.full(second, 0.1),
            "w3": random.uniform(-0.5, 0.5, (1, second)),
            "b3": np.zeros(1),
        }
    )


class Project:
    """The project's folder, with what happens to it from night to night."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "models").mkdir(parents=True)
        (folder / "pytest.ini").write_text(_INI)
        (folder / "test_models.py").write_text(_TESTS)
        (folder / "conftest.py").write_text(_HANGS)
        for name in ("lstm_seq_int8", "accumulator"):
            self.mend(name)
        self.retrain()

    def retrain(self, first: int = 16, second: int = 16) -> None:
        """A new version of the model `curve`."""
        (self.folder / "models" / "curve.tflite").write_bytes(sine_model(first, second))

    def spoil(self, name: str) -> None:
        """Half of a model's file, as an interrupted copy leaves it."""
        path = self.folder / "models" / f"{name}.tflite"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    def mend(self, name: str) -> None:
        """The whole file again."""
        shutil.copyfile(MODELS / f"{name}.tflite", self.folder / "models" / f"{name}.tflite")
