"""From what a person writes after `--board` to a board."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.boards.board import Board
from harness.boards.host.board import HostBoard, why_unavailable
from harness.errors import BoardNotFound, HarnessError

if TYPE_CHECKING:
    from harness.flash.firmware import Firmware

_EMULATOR = re.compile(r"emulator(-[0-9]{1,4})?")


@dataclass(frozen=True)
class Candidate:
    """A board that `--board` takes.

    Attributes:
        name: what to write after `--board`.
        usable: whether it can be used now.
        about: one line: what it is, or why it cannot be used.
    """

    name: str
    usable: bool
    about: str


def select(
    text: str,
    *,
    firmware: Path | None = None,
    root: Path | None = None,
    inventory: Path | None = None,
    wait: float = 0.0,
) -> Board:
    """The board of that name.

    Args:
        text: `host`; `emulator`, or `emulator-N` for one of several emulated boards; for a Pico its serial port, serial
            number or USB port path, `auto` for the only one, or its name in the inventory.
        firmware: what --firmware names; None for the one that is built.
        root: the folder that the build is in; None for the current one.
        inventory: the file with names of boards; None if there is none.
        wait: how many seconds to wait for another run that has the board.

    Raises:
        BoardNotFound: there is none; the message lists what there is.
        BoardBusy: another run has it.
        WrongBoard: another one is in its place.
        InventoryError: the inventory is wrong.
        FirmwareNotFound, FirmwareInvalid, Uf2Invalid: there is no firmware for it.
    """
    if text == "host":
        return HostBoard()
    if _EMULATOR.fullmatch(text):
        return _emulator(text, firmware, root or Path.cwd())
    if text.startswith(("rfc2217://", "socket://")):
        return _remote(text, firmware)
    board = _pico(text, firmware, root or Path.cwd(), inventory, wait)
    if board is not None:
        return board
    known = ", ".join(board.name for board in available(firmware=firmware, root=root, inventory=inventory))
    raise BoardNotFound(f"no board is called {text!r}; there is: {known}")


def available(
    *, firmware: Path | None = None, root: Path | None = None, inventory: Path | None = None
) -> list[Candidate]:
    """Every board that `--board` takes."""
    reason = why_unavailable()
    about = "this computer: TFLM's own interpreter; arena bytes of a 64-bit computer"
    return [
        Candidate("host", reason is None, reason or about),
        _emulator_candidate(firmware, root or Path.cwd()),
        *_pico_candidates(inventory),
    ]


# Imported when asked for: a run on the host board does not wait for what it does not need.


def _emulator(name: str, explicit: Path | None, root: Path) -> Board:
    from harness.boards.emulator.availability import why_unavailable as why_no_emulator

    reason = why_no_emulator()
    if reason is not None:
        raise BoardNotFound(f"no emulated board: {reason}", advice="use `--board host`, or a Pico")
    firmware = _firmware_for_emulator(explicit, root)
    from harness.boards.emulator.board import EmulatorBoard

    board = EmulatorBoard(firmware, name=name)
    # For the names of functions in crash reports.
    board.firmware = firmware
    return board


def _firmware_for_emulator(explicit: Path | None, root: Path) -> Firmware:
    from harness.flash.firmware import FirmwareInvalid, find_firmware
    from harness.flash.uf2 import FAMILY_NAMES, RP2040

    found = find_firmware(explicit, root)
    if found.uf2.family != RP2040:
        raise FirmwareInvalid(
            f"{found.path}: a firmware for RP2040 expected, one for {FAMILY_NAMES[found.uf2.family]} came",
            advice="the emulated board is a Pico: build with `make firmware PICO_BOARD=pico`",
        )
    return found


def _emulator_candidate(explicit: Path | None, root: Path) -> Candidate:
    from harness.boards.emulator.availability import why_unavailable as why_no_emulator

    reason = why_no_emulator()
    if reason is not None:
        return Candidate("emulator", False, reason)
    try:
        firmware = _firmware_for_emulator(explicit, root)
    except HarnessError as error:
        return Candidate("emulator", False, f"{error.message}; {error.advice}")
    about = f"an emulated Pico with firmware {firmware.build}; emulator-0, emulator-1, ... for several"
    return Candidate("emulator", True, about)


def _remote(url: str, explicit: Path | None) -> Board:
    from harness.boards.remote.board import RemoteBoard
    from harness.flash.firmware import find_firmware

    return RemoteBoard(url, None if explicit is None else find_firmware(explicit, Path.cwd()))


def _pico(text: str, explicit: Path | None, root: Path, inventory: Path | None, wait: float) -> Board | None:
    from harness.boards.pico.inventory import load_inventory
    from harness.boards.pico.names import can_be_a_pico

    boards = load_inventory(inventory)
    if not can_be_a_pico(text, boards):
        return None
    from harness.boards.pico.board import open_board
    from harness.boards.pico.lock import lock_folder
    from harness.boards.pico.usb import this_computer
    from harness.flash.firmware import find_firmware

    usb = this_computer()
    board = open_board(text, usb, lock_folder(), inventory=boards, wait=wait)
    try:
        board.use(find_firmware(explicit, root))
    except HarnessError:
        board.close()
        raise
    return board


def _pico_candidates(inventory: Path | None) -> list[Candidate]:
    from harness.boards.pico.list import list_boards

    return [Candidate(board.name, board.usable, board.about) for board in list_boards(inventory)]
