"""`tflm-hil reset BOARD`: a board back at its start, whatever it does now."""

from __future__ import annotations

import argparse
import contextlib
import json

from rich.console import Console

from harness.cli.arguments import Commands, add_board, add_json
from harness.cli.choice import demand_use, is_pico, open_anywhere, open_pico
from harness.errors import Misuse


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "reset",
        help="restart a board, whatever it does now",
        description="Restarts a board: by command, by its reset interface, at 1200 baud, by its power. One on another "
        "computer only by command: it has to answer.",
    )
    add_board(command)
    command.add_argument("--bootsel", action="store_true", help="bring a Pico into BOOTSEL instead")
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> None:
    """Restarts the board's firmware, or brings a Pico into BOOTSEL.

    Raises:
        Misuse: an option would do nothing for this board, or it has no BOOTSEL that can be reached from here.
        HarnessError: the board cannot be brought back.
    """
    # Nothing is flashed; an emulated board does not start without one.
    demand_use(given, never=("--firmware",))
    if given.bootsel and not is_pico(given.board):
        raise Misuse(f"--bootsel: a Pico expected, {given.board!r} has no BOOTSEL", advice="leave --bootsel out")
    name, text = _to_bootsel(given) if given.bootsel else _restarted(given)
    if given.json:
        print(json.dumps({"board": name, "bootsel": given.bootsel}))
    else:
        console.print(f"{name}: {text}", markup=False)


def _restarted(given: argparse.Namespace) -> tuple[str, str]:
    with contextlib.closing(open_anywhere(given)) as board:
        board.recover()
        return board.name, "restarted"


def _to_bootsel(given: argparse.Namespace) -> tuple[str, str]:
    with contextlib.closing(open_pico(given)) as board:
        return board.name, f"in BOOTSEL: {board.to_bootsel().describe()}"
