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


def select(text: str, *, firmware: Path | None = None, root: Path | None = None) -> Board:
    """The board of that name.

    Args:
        text: `host`, `emulator`, or `emulator-N` for one of several emulated boards.
        firmware: what --firmware names; None for the one that is built.
        root: the folder that the build is in; None for the current one.

    Raises:
        BoardNotFound: there is none; the message lists what there is.
        FirmwareNotFound, FirmwareInvalid, Uf2Invalid: there is no firmware for it.
    """
    if text == "host":
        return HostBoard()
    if _EMULATOR.fullmatch(text):
        return _emulator(text, firmware, root or Path.cwd())
    known = ", ".join(board.name for board in available(firmware=firmware, root=root))
    raise BoardNotFound(f"no board is called {text!r}; there is: {known}")


def available(*, firmware: Path | None = None, root: Path | None = None) -> list[Candidate]:
    """Every board that `--board` takes."""
    reason = why_unavailable()
    about = "this computer: TFLM's own interpreter; arena bytes of a 64-bit computer"
    return [
        Candidate("host", reason is None, reason or about),
        _emulator_candidate(firmware, root or Path.cwd()),
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
