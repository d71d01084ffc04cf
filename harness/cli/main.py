"""Entry point of `tflm-hil`: arguments, and what becomes of errors."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.cli import bench, boards, doctor, flash, monitor, reset
from harness.errors import HarnessError, Misuse
from harness.measure.bytesize import parse_bytes

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

_MOST_SECONDS = 86_400


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


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    # float() takes "nan" and "inf" too.
    if not 0 <= seconds <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"seconds from 0 to {_MOST_SECONDS:,} expected, came {text!r}")
    return seconds


def _add_firmware(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--firmware", type=Path, metavar="PATH", help="the firmware's UF2 (default: the one that `make firmware` built)"
    )


def _add_inventory(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--inventory", type=Path, metavar="FILE", help="names of boards (default: boards.yaml, if there is one)"
    )


def _add_wait(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--board-wait",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="wait so long for another run that has the board (default: 0)",
    )


def _add_json(command: argparse.ArgumentParser, what: str = "print one JSON object, for programs") -> None:
    command.add_argument("--json", action="store_true", help=what)


def _add_board(command: argparse.ArgumentParser) -> None:
    command.add_argument("board", metavar="BOARD", help="see `tflm-hil boards`")
    _add_firmware(command)
    _add_inventory(command)
    _add_wait(command)


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
    _add_inventory(measure)
    _add_wait(measure)
    measure.add_argument(
        "--categories", action="store_true", help="persistent arena by category; costs a device about 100 bytes of it"
    )
    measure.add_argument(
        "--arena", type=_bytes, metavar="SIZE", help='arena to open it in, such as "16 KiB"; default: all'
    )
    measure.add_argument("--repeats", type=_count, default=100, metavar="N", help="measured invokes (default: 100)")
    measure.add_argument("--profile", action="store_true", help="time each operator too; not on the host board")
    measure.add_argument("--seed", type=_seed, default=0, metavar="N", help="of the random inputs (default: 0)")
    _add_json(measure)
    measure.set_defaults(run=bench.run)

    listing = commands.add_parser("boards", help="list the boards that can be used now")
    _add_firmware(listing)
    _add_inventory(listing)
    _add_wait(listing)
    _add_json(listing)
    listing.set_defaults(run=boards.run)

    writing = commands.add_parser(
        "flash",
        help="bring the firmware, and models, onto a board",
        description="Flashes a board with the firmware and these models, unless it has them already.",
    )
    _add_board(writing)
    writing.add_argument("models", type=Path, nargs="*", metavar="MODEL.tflite", help="models to go with it")
    writing.add_argument("--always", action="store_true", help="flash it even if it has all that already")
    _add_json(writing)
    writing.set_defaults(run=flash.run)

    restart = commands.add_parser(
        "reset",
        help="restart a board, whatever it does now",
        description="Restarts a board: by command, by its reset interface, at 1200 baud, by its power.",
    )
    _add_board(restart)
    restart.add_argument("--bootsel", action="store_true", help="bring a Pico into BOOTSEL instead")
    _add_json(restart)
    restart.set_defaults(run=reset.run)

    listen = commands.add_parser(
        "monitor",
        help="show what a board says",
        description="Shows a board's log lines and records as they come, until Ctrl-C. Sends nothing to the board; "
        "follows a Pico that restarts.",
    )
    _add_board(listen)
    listen.add_argument(
        "--seconds", type=_seconds, metavar="N", help="end after so long (default: with Ctrl-C, or with the port)"
    )
    _add_json(listen, "print one JSON object per line, for programs")
    listen.set_defaults(run=monitor.run)

    check = commands.add_parser(
        "doctor",
        help="check this computer, and a board, for what tests need",
        description="One line per check, and what to do where something is wrong.",
        epilog="Exit code 1 if something is wrong that the board needs; without --board, that every board needs.",
    )
    check.add_argument("--board", metavar="NAME", help="also ask this board; see `tflm-hil boards`")
    _add_firmware(check)
    _add_inventory(check)
    _add_wait(check)
    _add_json(check)
    check.set_defaults(run=doctor.run)
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
