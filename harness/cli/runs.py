"""Runs that commands read: the record of a run, or its JUnit file."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.history.junit_file import read_junit
from harness.record.figures import RunFigures, figures_of_run
from harness.record.read import read_record

BASELINES = Path("baselines")
HISTORY = Path("reports/history.db")


def load_run(path: Path) -> RunFigures:
    """What a run measured.

    Args:
        path: its run.json, the folder that holds it, or a JUnit file (.xml).

    Raises:
        HarnessError: it cannot be read.
    """
    return read_junit(path) if path.suffix.lower() == ".xml" else figures_of_run(read_record(path))


def add_run(command: argparse.ArgumentParser) -> None:
    """Adds the run that a command is about."""
    command.add_argument(
        "run_file", type=Path, metavar="RUN", help="run.json of a run with --report-dir, its folder, or a JUnit file"
    )


def add_configuration(command: argparse.ArgumentParser) -> None:
    """Adds --configuration."""
    command.add_argument(
        "--configuration",
        default="",
        metavar="NAME",
        help="of the firmware: two that run on the same board, such as with other kernels, have their own baseline "
        "and history (default: none)",
    )


def nights(text: str) -> int:
    """A number of nights."""
    if not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"a number from 1 to 1000 expected, came {text!r}")
    return int(text)
