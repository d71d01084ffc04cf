"""Entry point of `tflm-hil`: arguments, and what becomes of errors."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from harness.cli import (
    accuracy,
    baseline,
    bench,
    boards,
    check,
    clock,
    compare,
    doctor,
    flash,
    history,
    monitor,
    nightly,
    regress,
    report,
    reset,
    run_uf2,
    size,
    state,
)
from harness.errors import HarnessError, Misuse

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Takes no beginning of an option for the option: `flash --board 1-2` would be --board-wait."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given, allow_abbrev=False)


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    top = _Parser(
        prog="tflm-hil",
        description="Measures TensorFlow Lite Micro models on this computer, an emulated Pico, or a real one.",
        epilog="Exit codes: 0 done, 1 the board or the model failed, 2 wrong arguments, 130 Ctrl-C, "
        "by which `monitor` ends with 0; `regress` has two more. Tests are run with pytest.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    for command in (
        bench,
        size,
        state,
        clock,
        accuracy,
        compare,
        boards,
        check,
        flash,
        reset,
        monitor,
        doctor,
        run_uf2,
        baseline,
        regress,
        history,
        report,
        nightly,
    ):
        command.add(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    given = parser().parse_args(arguments)
    try:
        code = given.run(given, Console(highlight=False))
    except HarnessError as error:
        if given.json:
            print(json.dumps({"error": type(error).__name__, "message": error.message, "advice": error.advice}))
        # Not folded: it may be searched for in a log.
        words = f"[bold red]{type(error).__name__}[/]: {escape(str(error))}"
        Console(stderr=True, highlight=False).print(words, soft_wrap=True)
        return EXIT_USAGE if isinstance(error, Misuse) else EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output, `head` perhaps, has seen enough.
        sys.stderr.close()
        return EXIT_OK
    # Only a command that can fail without an error says how it ended.
    return EXIT_OK if code is None else int(code)


if __name__ == "__main__":
    sys.exit(main())
