"""What stops the emulated chip in the middle of an instruction.

rp2040py calls back into Python for what a program should not do, and parks an exception that is raised there: the
instruction ends at that point, without its effect, and the exception comes out of the run.
"""

from __future__ import annotations


class GuestFault(Exception):
    """The program did what a Cortex-M0+ answers with a HardFault."""


class BusError(GuestFault):
    """An access to an address where nothing is, or a word access that is not aligned.

    Attributes:
        address: as the bus saw it; of a part of a word, the word's.
    """

    def __init__(self, address: int, what: str) -> None:
        super().__init__(f"{what} {address:#010x}")
        self.address = address


class UndefinedInstruction(GuestFault):
    """Bytes that are no instruction."""


class BreakpointReached(GuestFault):
    """BKPT or UDF. Without a debugger, and there is none, both are faults."""


class WatchdogFired(Exception):
    """The watchdog's time is up, or the program has triggered it."""
