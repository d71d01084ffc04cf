"""Which emulated boards there are, and who has which: a file for each one's flash, and a lock beside it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from harness.boards.emulator.flash_window import UNIQUE_ID_BYTES
from harness.errors import BoardBusy, BoardNotFound

KIND = "emulator"
SLOTS = 64

_NAME = re.compile(rf"{KIND}(?:-(0|[1-9][0-9]?))?")


def state_directory() -> Path:
    """Where emulated boards keep their flash: in the user's cache folder.

    Raises:
        BoardNotFound: there is none.
    """
    # The XDG base directory specification has relative paths ignored.
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():
        try:
            cache = Path.home() / ".cache"
        except RuntimeError:
            raise BoardNotFound(
                "no home directory for the emulated board's flash",
                advice="set HOME or XDG_CACHE_HOME to a folder of yours",
            ) from None
    return cache / "tflm-hil" / KIND


def is_name(text: str) -> bool:
    """Whether `--board TEXT` means an emulated board: `emulator`, or `emulator-N` for a certain one."""
    match = _NAME.fullmatch(text)
    return match is not None and int(match[1] or 0) < SLOTS


@dataclass(frozen=True)
class Slot:
    """A board that is this process's alone; the kernel gives the lock back, whatever ends the process.

    Attributes:
        name: "emulator-0" and so on.
        flash: the file of its flash.
        lock: an open file; closing it lets the board go.
    """

    name: str
    flash: Path
    lock: int

    @property
    def unique_id(self) -> bytes:
        """The flash chip's unique id, and so the serial number of a Pico; the same in every run."""
        return hashlib.sha256(f"tflm-hil {self.name}".encode()).digest()[:UNIQUE_ID_BYTES]


def take_slot(directory: Path, name: str) -> Slot:
    """Takes a board.

    Args:
        name: "emulator" for the first that is free, or "emulator-N".

    Raises:
        BoardBusy: another run has it, or all of them.
        BoardNotFound: there is no such board, or no place for its flash.
    """
    if not is_name(name):
        raise BoardNotFound(f"{KIND}, or {KIND}-0 to {KIND}-{SLOTS - 1} expected, {name!r} came")
    names = [name] if name != KIND else [f"{KIND}-{number}" for number in range(SLOTS)]
    for candidate in names:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock = os.open(directory / f"{candidate}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BoardNotFound(
                f"the emulated board has no place for its flash: {error}",
                advice="have XDG_CACHE_HOME name a folder that you may write to",
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return Slot(candidate, directory / f"{candidate}.flash", lock)
    if name == KIND:
        raise BoardBusy(f"all {SLOTS} emulated boards are in use", advice="wait until other runs end")
    raise BoardBusy(f"{name} is in use by another run", advice=f"wait until it ends, or use `--board {KIND}`")
