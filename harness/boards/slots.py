"""Boards that are programs on this computer, and who has which: a file for each one's flash, and a lock beside it."""

from __future__ import annotations

import fcntl
import os
import re
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BoardBusy, BoardNotFound

SLOTS = 64


def state_directory(kind: str) -> Path:
    """Where boards of a kind keep their flash: in the user's cache folder.

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
                f"no home directory for the {kind} board's flash",
                advice="set HOME or XDG_CACHE_HOME to a folder of yours",
            ) from None
    return cache / "tflm-hil" / kind


def is_name(kind: str, text: str) -> bool:
    """Whether `--board TEXT` means a board of that kind: `emulator`, or `emulator-N` for a certain one."""
    match = re.fullmatch(rf"{kind}(?:-(0|[1-9][0-9]?))?", text)
    return match is not None and int(match[1] or 0) < SLOTS


@dataclass(frozen=True)
class Slot:
    """A board that is this process's alone; the kernel gives the lock back, whatever ends the process.

    Attributes:
        name: the kind and a number: "emulator-0" and so on.
        flash: the file of its flash.
        lock: an open file; closing it lets the board go.
    """

    name: str
    flash: Path
    lock: int


def take_slot(directory: Path, kind: str, name: str) -> Slot:
    """Takes a board.

    Args:
        directory: where boards of that kind keep their flash.
        kind: "host" or "emulator".
        name: the kind for the first that is free, or the kind and a number.

    Raises:
        BoardBusy: another run has it, or all of them.
        BoardNotFound: there is no such board, or no place for its flash.
    """
    if not is_name(kind, name):
        raise BoardNotFound(f"{kind}, or {kind}-0 to {kind}-{SLOTS - 1} expected, {name!r} came")
    names = [name] if name != kind else [f"{kind}-{number}" for number in range(SLOTS)]
    for candidate in names:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            lock = os.open(directory / f"{candidate}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BoardNotFound(
                f"the {kind} board has no place for its flash: {error}",
                advice="have XDG_CACHE_HOME name a folder that you may write to",
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        except OSError as error:
            os.close(lock)
            raise BoardNotFound(
                f"the {kind} board's flash cannot be locked in {directory}: {error.strerror}",
                advice="have XDG_CACHE_HOME name a folder of a file system that has locks",
            ) from None
        return Slot(candidate, directory / f"{candidate}.flash", lock)
    if name == kind:
        raise BoardBusy(f"all {SLOTS} {kind} boards are in use", advice="wait until other runs end")
    raise BoardBusy(f"{name} is in use by another run", advice=f"wait until it ends, or use `--board {kind}`")
