"""A board that is this process's alone: named, found, locked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.boards.pico.inventory import Inventory
from harness.boards.pico.lock import HOW_TO_WAIT, Holder, Lock, holders
from harness.boards.pico.names import AUTO, SERIAL, BoardAmbiguous, Target, quoted, resolve
from harness.boards.pico.usb import Usb
from harness.boards.pico.waiting import poll
from harness.deadline import Deadline
from harness.errors import BoardBusy, BoardNotFound

_PAUSE_SECONDS = 0.1


class Claim:
    """The right to a board, from `claim`; the kernel gives it back, whatever ends this process.

    There is a lock for its place and one for its serial number: two names of a board meet at one of them, and a board
    that is plugged in elsewhere meanwhile is still the same.

    Attributes:
        target: the board, with all that is known by now.
        folder: where the locks are.
    """

    def __init__(self, target: Target, folder: Path, name: str) -> None:
        self.target = target
        self.folder = folder
        self._names = tuple(filter(None, (name, target.port_path, target.node)))
        self._locks: list[Lock] = []

    def take(self, wait: float) -> None:
        """Takes the locks, or none of them.

        Raises:
            BoardBusy: somebody else has one of them.
        """
        deadline = Deadline(wait)
        self._add(f"port-{self.target.port_path}", wait)
        try:
            if self.target.serial is not None:
                self.identified_as(self.target.serial, deadline.remaining())
        except BaseException:
            self.release()
            raise

    def identified_as(self, serial: str, wait: float = 0.0) -> None:
        """The board has this serial number; locks that too, if it was not known before. The place stays locked.

        Raises:
            BoardBusy: somebody else has the board of that number.
        """
        if len(self._locks) < 2:
            self.target = replace(self.target, serial=serial)
            self._add(f"serial-{serial}", wait)

    def release(self) -> None:
        """Lets the board go."""
        while self._locks:
            self._locks.pop().release()

    def _add(self, key: str, wait: float) -> None:
        lock = Lock(self.folder, key, f"the board {self.target.describe()}")
        lock.take(wait, names=(*self._names, *([self.target.serial] if self.target.serial else [])))
        self._locks.append(lock)


def claim(text: str, usb: Usb, inventory: Inventory, folder: Path, wait: float = 0.0) -> Claim:
    """Finds a board and takes it.

    Args:
        text: what stands after --board.
        usb: what is attached.
        inventory: the boards that have names.
        folder: where the locks are.
        wait: how many seconds to wait for whoever has it.

    Raises:
        BoardNotFound, WrongBoard: it is not there.
        BoardBusy: somebody else has it.
    """
    deadline = Deadline(wait)
    named = text
    while True:
        target = _resolve(named, usb, inventory, folder, deadline)
        if "/" in text:
            # The name of a serial port is trusted once: after we have waited, it may be another board's.
            named = target.serial or target.port_path
        taken = Claim(target, folder, text)
        taken.take(deadline.remaining())
        try:
            now = _after_waiting(named, usb, inventory, target)
            if now.port_path == target.port_path:
                taken.target = now
                if now.serial is not None:
                    taken.identified_as(now.serial, deadline.remaining())
                return taken
        except BaseException:
            taken.release()
            raise
        taken.release()
        if deadline.expired():
            raise BoardBusy(f"the board {quoted(text)} was at {target.port_path} and is at {now.port_path} now")


def _after_waiting(text: str, usb: Usb, inventory: Inventory, before: Target) -> Target:
    """While we waited, it may have been flashed, or moved, or another may have come that answers to the same name."""
    try:
        return resolve(text, usb, inventory)
    except BoardAmbiguous:
        raise
    except BoardNotFound:
        # It restarts: nobody else does anything with it now.
        return before


def _resolve(text: str, usb: Usb, inventory: Inventory, folder: Path, deadline: Deadline) -> Target:
    """The board, once it is there. One that restarts in another run's hands is busy, not absent."""
    try:
        found = resolve(text, usb, inventory)
    except BoardAmbiguous:
        raise
    except BoardNotFound:
        holder = _holder_of(text, inventory, folder)
        if holder is None:
            raise
    else:
        if text == AUTO:
            _demand_no_other(found, folder)
        return found
    back = poll(lambda: _there(text, usb, inventory), deadline, pause=_PAUSE_SECONDS)
    if back is None:
        raise BoardBusy(
            f"the board {quoted(text)} is in use by {holder.describe()}, and restarts just now",
            pid=holder.pid,
            command=holder.command,
            since=holder.since,
            advice=HOW_TO_WAIT,
        )
    return back


def _demand_no_other(found: Target, folder: Path) -> None:
    """The only one that is attached just now may have a neighbour that restarts."""
    for holder in holders(folder):
        if holder.names and found.port_path not in holder.names:
            raise BoardAmbiguous(
                f"exactly one Pico expected, there is one at {found.port_path}, and another is in use by "
                f"{holder.describe()} as {' or '.join(holder.names)}"
            )


def _there(text: str, usb: Usb, inventory: Inventory) -> Target | None:
    try:
        return resolve(text, usb, inventory)
    except BoardAmbiguous:
        raise
    except BoardNotFound:
        return None


def _holder_of(text: str, inventory: Inventory, folder: Path) -> Holder | None:
    entry = inventory.entries.get(text)
    texts = {text} if entry is None else {text, entry.serial or text, entry.port or text}
    for holder in holders(folder):
        if holder.names and (text == AUTO or any(_means(one, name) for one in texts for name in holder.names)):
            return holder
    return None


def _means(text: str, name: str) -> bool:
    # A link in /dev/serial/by-id has the serial number in its name.
    return text.upper() == name.upper() or (SERIAL.fullmatch(name) is not None and name.upper() in text.upper())
