"""`tflm-hil reset BOARD`: a board back at its start, whatever it does now."""

from __future__ import annotations

import argparse
import json

from rich.console import Console

from harness.boards.pico.board import PicoBoard
from harness.cli.arguments import Commands, add_board, add_json
from harness.cli.choice import demand_use, is_pico, open_quietly
from harness.errors import Misuse


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "reset",
        help="restart a board, whatever it does now",
        description="Restarts a board: by command, by its reset interface, at 1200 baud, by its power.",
    )
    add_board(command)
    command.add_argument("--bootsel", action="store_true", help="bring a Pico into BOOTSEL instead")
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> None:
    """Restarts the board's firmware, or brings a Pico into BOOTSEL."""
    # Nothing is flashed; an emulated board does not start without one.
    demand_use(given, never=("--firmware",))
    if given.bootsel and not is_pico(given.board):
        raise Misuse(f"--bootsel: a Pico expected, {given.board!r} has no BOOTSEL", advice="leave --bootsel out")
    board = open_quietly(given)
    try:
        if given.bootsel:
            assert isinstance(board, PicoBoard)
            device = board.to_bootsel()
            name, text = board.name, f"in BOOTSEL: {device.describe()}"
        else:
            board.recover()
            name, text = board.name, "restarted"
    finally:
        board.close()
    if given.json:
        print(json.dumps({"board": name, "bootsel": given.bootsel}))
    else:
        console.print(f"{name}: {text}", markup=False)
