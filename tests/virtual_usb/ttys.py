"""Names of serial ports: which are taken, and by ports that are gone and still held open.

Linux gives a serial port the lowest number that is free, and a number is free once its last port has gone and everybody
has closed it. Who has a pty open is read in /proc. The name of a pty alone does not say which one it is: a number is
used again at once, by other processes too. So the holders are noted while the port is still there.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path

# The kernel adds this to the name of a pty whose other end is closed.
_DELETED = " (deleted)"


@dataclass
class _Port:
    """A number's last port; `holders` are files of /proc that were the open pty when it went."""

    pty: str
    there: bool = True
    holders: list[str] = field(default_factory=list)


class Ttys:
    """The names ttyACM0 and so on of one computer."""

    def __init__(self) -> None:
        self._ports: dict[int, _Port] = {}

    def take(self, pty: str) -> str:
        """The name for a new serial port."""
        number = next(number for number in itertools.count() if self._is_free(number))
        self._ports[number] = _Port(pty)
        return f"ttyACM{number}"

    def leave(self, name: str) -> None:
        """A serial port is going; its pty is still there."""
        port = self._ports[int(name.removeprefix("ttyACM"))]
        port.there = False
        port.holders = _holders(port.pty)

    def _is_free(self, number: int) -> bool:
        port = self._ports.get(number)
        if port is None:
            return True
        if port.there:
            return False
        reused = any(other.there and other.pty == port.pty for other in self._ports.values())
        names = (port.pty + _DELETED,) if reused else (port.pty + _DELETED, port.pty)
        return not any(_target(holder) in names for holder in port.holders)


def _holders(pty: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        # Of other users, or gone meanwhile.
        with contextlib.suppress(OSError):
            found += [file.path for file in os.scandir(process / "fd") if _target(file.path) in (pty, pty + _DELETED)]
    return found


def _target(file: str) -> str | None:
    try:
        return os.readlink(file)  # noqa: PTH115 - thousands of them
    except OSError:
        return None
