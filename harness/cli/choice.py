"""The board that a command's arguments name, and which options mean something for it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection
from pathlib import Path

from harness.boards.board import Board
from harness.boards.pico.board import PicoBoard, open_board
from harness.boards.pico.inventory import load_inventory
from harness.boards.pico.lock import lock_folder
from harness.boards.pico.usb import this_computer
from harness.boards.remote.board import is_remote
from harness.boards.select import select
from harness.errors import Misuse

# Where names of boards stand if --inventory names no file, as for pytest.
INVENTORY = Path("boards.yaml")

# Options about a board, of which not every board has a use for each.
_OPTIONS = frozenset(("--firmware", "--inventory", "--board-wait"))
_WITHOUT_USB = re.compile(r"host|emulator(-[0-9]{1,4})?")


def is_pico(text: str) -> bool:
    """Whether a text after --board can only be a Pico, if it is anything: here, or on another computer."""
    return _WITHOUT_USB.fullmatch(text) is None


def demand_use(given: argparse.Namespace, *, always: Collection[str] = (), never: Collection[str] = ()) -> None:
    """Sees that the options about boards that were given do something for the board that is named.

    Args:
        given: the arguments.
        always: options that the command has a use for whatever the board is.
        never: options that it has no use for if the board is a Pico, here or on another computer.

    Raises:
        Misuse: one of them would do nothing.
    """
    used = {*always, *_options_of(given.board, never)}
    for option in sorted(_OPTIONS - used):
        # A time to wait of 0 is none.
        if vars(given).get(option[2:].replace("-", "_")):
            board = "without --board" if given.board is None else f"with {given.board!r}"
            raise Misuse(f"{option}: it does nothing for `{given.command}` {board}", advice=f"leave {option} out")


def inventory_of(given: argparse.Namespace) -> Path | None:
    """The inventory to use: the one that is named, or the usual one if it is there."""
    if given.inventory is not None:
        return Path(given.inventory)
    return INVENTORY if INVENTORY.is_file() else None


def open_chosen(given: argparse.Namespace) -> Board:
    """The board, with the firmware that it is flashed with.

    Raises:
        HarnessError: as of `select`.
    """
    return select(given.board, firmware=given.firmware, inventory=inventory_of(given), wait=given.board_wait)


def open_quietly(given: argparse.Namespace) -> Board:
    """The board at this computer, which will not be flashed: a Pico needs no firmware that is built.

    Raises:
        HarnessError: as of `select`.
        Misuse: it is on another computer.
    """
    return open_pico(given) if is_pico(given.board) else open_chosen(given)


def open_anywhere(given: argparse.Namespace) -> Board:
    """As `open_quietly`, and a board on another computer too: what can be done through its serial port can be done.

    Raises:
        HarnessError: as of `select`.
    """
    # Whatever firmware it has is the right one.
    return select(given.board) if is_remote(given.board) else open_quietly(given)


def open_pico(given: argparse.Namespace) -> PicoBoard:
    """The Pico that is plugged into this computer.

    Raises:
        HarnessError: as of `select`.
        Misuse: it is on another computer.
    """
    if is_remote(given.board):
        raise Misuse(
            f"a board that is plugged into this computer expected, {given.board!r} is on another one",
            advice=f"run `tflm-hil {given.command}` on the computer that it is plugged into",
        )
    boards = load_inventory(inventory_of(given))
    return open_board(given.board, this_computer(), lock_folder(), inventory=boards, wait=given.board_wait)


def _options_of(board: str | None, never: Collection[str]) -> Collection[str]:
    if board is None or board == "host":
        return ()
    if is_remote(board):
        # The firmware that must be on it. Whoever has the port has it alone: there is nothing to wait for.
        return {"--firmware"}.difference(never)
    return _OPTIONS.difference(never) if is_pico(board) else {"--firmware"}
