"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from harness.measure.bytesize import parse_bytes

# argparse has no public name for what `add_subparsers` returns, and only checkers of types subscript it.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

_MOST_SECONDS = 86_400


def size_in_bytes(text: str) -> int:
    """A size such as "16 KiB"."""
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def count(text: str) -> int:
    """A number of invokes."""
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"a number from 1 to 100000 expected, came {text!r}")
    return int(text)


def seed(text: str) -> int:
    """A seed of random numbers."""
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"a number from 0 expected, came {text!r}")
    return int(text)


def seconds(text: str) -> float:
    """A time to wait, in seconds."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    # float() takes "nan" and "inf" too.
    if not 0 <= number <= _MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"seconds from 0 to {_MOST_SECONDS:,} expected, came {text!r}")
    return number


def add_firmware(command: argparse.ArgumentParser) -> None:
    """Adds --firmware."""
    command.add_argument(
        "--firmware", type=Path, metavar="PATH", help="the firmware's UF2 (default: the one that `make firmware` built)"
    )


def add_inventory(command: argparse.ArgumentParser) -> None:
    """Adds --inventory."""
    command.add_argument(
        "--inventory", type=Path, metavar="FILE", help="names of Picos (default: boards.yaml, if there is one)"
    )


def add_wait(command: argparse.ArgumentParser) -> None:
    """Adds --board-wait."""
    command.add_argument(
        "--board-wait",
        type=seconds,
        default=0.0,
        metavar="SECONDS",
        help="wait so long for another run that has the Pico (default: 0)",
    )


def add_json(command: argparse.ArgumentParser, what: str = "print one JSON object, for programs") -> None:
    """Adds --json."""
    command.add_argument("--json", action="store_true", help=what)


def add_board_option(command: argparse.ArgumentParser) -> None:
    """Adds --board for a command that can do with this computer, and what chooses and waits for it."""
    command.add_argument("--board", default="host", metavar="NAME", help="see `tflm-hil boards` (default: host)")
    add_firmware(command)
    add_inventory(command)
    add_wait(command)


def add_board(command: argparse.ArgumentParser) -> None:
    """Adds the board that a command is about, and what chooses and waits for it."""
    command.add_argument("board", metavar="BOARD", help="see `tflm-hil boards`")
    add_firmware(command)
    add_inventory(command)
    add_wait(command)
