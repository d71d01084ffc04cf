"""`tflm-hil` as a program of its own: what goes wrong in a report cannot end the night."""

from __future__ import annotations

import sys

from harness.process import own_program


def own_command(*arguments: str) -> tuple[str, ...]:
    """The command that runs `tflm-hil ARGUMENTS`, of this very installation."""
    return (*own_program("harness.nightly.own_command"), *arguments)


def main() -> None:
    """Runs the command that the process's arguments name, and ends with its exit code."""
    # Here only: the command line knows of the nights itself.
    from harness.cli.main import main as tflm_hil

    sys.exit(tflm_hil())
