"""Entry point of `tflm-hil`: arguments, and what becomes of errors."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from harness.cli import bench, boards, doctor, flash, monitor, reset
from harness.errors import HarnessError, Misuse

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    top = argparse.ArgumentParser(
        prog="tflm-hil",
        description="Measures TensorFlow Lite Micro models on this computer, an emulated Pico, or a real one.",
        epilog="Exit codes: 0 done, 1 the board or the model failed, 2 wrong arguments. Tests are run with pytest.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    for command in (bench, boards, flash, reset, monitor, doctor):
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
        Console(stderr=True, highlight=False).print(f"[bold red]{type(error).__name__}[/]: {escape(str(error))}")
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
