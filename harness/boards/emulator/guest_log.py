"""What rp2040py has to say about the program that it runs."""

from __future__ import annotations

import re
from collections.abc import Callable

from harness.boards.emulator.faults import BusError, UndefinedInstruction

# A program that meets a register it should not, meets it ten thousand times.
_MAX_DISTINCT = 50

_BUS = "RP2040"
_CORE = "CortexM0Core"
_ADDRESS = re.compile(r"(read from|Read from invalid memory|Write to undefined) address:? ([0-9a-f]+)")


class GuestLog:
    """The logger that rp2040py is given. Accesses to nothing and undefined instructions become exceptions; every other
    warning is told once.

    Args:
        tell: takes one line for a person.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[tuple[str, str]] = set()

    def debug(self, component: str, message: str) -> None:
        """Not kept."""

    def info(self, component: str, message: str) -> None:
        """Not kept: SEV and YIELD, mostly."""

    def warning(self, component: str, message: str) -> None:
        """Raises what is a fault, tells the rest."""
        if component == _BUS:
            match = _ADDRESS.match(message)
            if match is not None:
                what = {"read from": "unaligned read at", "Read from invalid memory": "read from nothing at"}
                raise BusError(int(match[2], 16), what.get(match[1], "write to nothing at"))
        elif component == _CORE and message.startswith("Warning: Instruction at"):
            raise UndefinedInstruction("undefined instruction")
        self.error(component, message)

    def error(self, component: str, message: str) -> None:
        """Told once."""
        if (component, message) not in self._told and len(self._told) < _MAX_DISTINCT:
            self._told.add((component, message))
            self._tell(f"{component}: {message}")
