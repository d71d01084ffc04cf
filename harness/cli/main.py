"""Entry point of `tflm-hil`: arguments, and what becomes of errors."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.cli import bench, boards
from harness.errors import HarnessError, Misuse
from harness.measure.bytesize import parse_bytes

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def _bytes(text: str) -> int:
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"a number from 1 to 100000 expected, came {text!r}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"a number from 0 expected, came {text!r}")
    return int(text)


def _add_firmware(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--firmware", type=Path, metavar="PATH", help="the firmware's UF2 (default: the one that `make firmware` built)"
    )


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    top = argparse.ArgumentParser(
        prog="tflm-hil",
        description="Measures TensorFlow Lite Micro models on this computer, an emulated Pico, or a real one.",
        epilog="Exit codes: 0 done, 1 the board or the model failed, 2 wrong arguments. Tests are run with pytest.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    measure = commands.add_parser(
        "bench",
        help="measure one model: arena, latency, operators, inputs, outputs",
        description="Opens a model on a board, invokes it on random inputs, and shows what it needs.",
    )
    measure.add_argument("model", type=Path, metavar="MODEL.tflite")
    measure.add_argument("--board", default="host", metavar="NAME", help="see `tflm-hil boards` (default: host)")
    _add_firmware(measure)
    measure.add_argument(
        "--categories", action="store_true", help="persistent arena by category; costs a device about 100 bytes of it"
    )
    measure.add_argument(
        "--arena", type=_bytes, metavar="SIZE", help='arena to open it in, such as "16 KiB"; default: all'
    )
    measure.add_argument("--repeats", type=_count, default=100, metavar="N", help="measured invokes (default: 100)")
    measure.add_argument("--profile", action="store_true", help="time each operator too; not on the host board")
    measure.add_argument("--seed", type=_seed, default=0, metavar="N", help="of the random inputs (default: 0)")
    measure.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    measure.set_defaults(run=bench.run)

    listing = commands.add_parser("boards", help="list the boards that can be used now")
    _add_firmware(listing)
    listing.add_argument("--json", action="store_true", help="print one JSON object, for programs")
    listing.set_defaults(run=boards.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    given = parser().parse_args(arguments)
    try:
        given.run(given, Console(highlight=False))
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
    return EXIT_OK


if __name__ == "__main__":
    sys.exit(main())
