"""Runs pytest as a person does, as a process of its own, and takes the time."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

PLUGIN = "harness.plugin"
WITHOUT_PLUGIN = ("-p", f"no:{PLUGIN}")
# A plugin that comes with the development tools only; it would make both sides slower, and so the ratio look better.
_AS_A_USER = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
_RUN_SECONDS = 60.0


@dataclass(frozen=True)
class PytestRun:
    """A run that passed.

    Attributes:
        seconds: from the start of the process to its end.
        output: what it printed.
    """

    seconds: float
    output: str


def require_installed_plugin() -> None:
    """Skips where pytest would not find the plugin by itself."""
    if not importlib.metadata.entry_points(group="pytest11", name=PLUGIN):
        pytest.skip("tflm-hil is not installed here, so pytest does not load its plugin; run `pip install -e .` first")


def run_pytest(folder: Path, *options: str) -> PytestRun:
    """Runs the tests of a folder, which has a `pytest.ini` of its own.

    Raises:
        AssertionError: the run did not pass.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # Host boards keep their state in the user's cache folder; a benchmark leaves nothing there.
    environment["XDG_CACHE_HOME"] = str(folder / "cache")
    before = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *_AS_A_USER, *options],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_RUN_SECONDS,
        check=False,
    )
    seconds = time.perf_counter() - before
    assert done.returncode == 0, done.stdout + done.stderr
    return PytestRun(seconds, done.stdout)
