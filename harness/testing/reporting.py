"""Registers what collects a run's reports, as far as the run asks for it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from harness.testing.recording import Recorder
from harness.testing.spreading import Spreading, check_workers


def register_reporting(config: pytest.Config) -> None:
    """To be called once, in the process that reports.

    Raises:
        pytest.UsageError: boards and workers do not fit together.
    """
    given = config.getoption("--report-dir")
    folder = None if given is None else config.invocation_params.dir / given
    if folder is not None:
        _demand_folder(folder)
        config.option.xmlpath = config.option.xmlpath or str(folder / "junit.xml")
    recorder = Recorder(config, folder)
    config.pluginmanager.register(recorder, "tflm-hil-recorder")
    if config.getoption("--board") and not config.getoption("collectonly"):
        names = check_workers(config)
        if names:
            config.pluginmanager.register(Spreading(config, names, recorder), "tflm-hil-spreading")


def _demand_folder(folder: Path) -> None:
    """Makes the folder: that it cannot be written is known before hours of tests."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise pytest.UsageError(
            f"a report folder that can be written expected, {folder}: {error.strerror}\n"
            "what to do: give another --report-dir"
        ) from None
