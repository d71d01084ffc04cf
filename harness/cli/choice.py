"""The board that a command's arguments name."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from harness.boards.board import Board
from harness.boards.select import select

# Where names of boards stand if --inventory names no file, as for pytest.
INVENTORY = Path("boards.yaml")

_WITHOUT_USB = re.compile(r"host|emulator(-[0-9]{1,4})?")


def is_pico(text: str) -> bool:
    """Whether a text after --board can only be a Pico, if it is anything."""
    return _WITHOUT_USB.fullmatch(text) is None


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
    """The board, which will not be flashed: a Pico needs no firmware that is built.

    Raises:
        HarnessError: as of `select`.
    """
    if not is_pico(given.board):
        return open_chosen(given)
    from harness.boards.pico.board import open_board
    from harness.boards.pico.inventory import load_inventory
    from harness.boards.pico.lock import lock_folder
    from harness.boards.pico.usb import this_computer

    boards = load_inventory(inventory_of(given))
    return open_board(given.board, this_computer(), lock_folder(), inventory=boards, wait=given.board_wait)
