"""What can go wrong with a virtual board, and what is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal

Mode = Literal["application", "bootsel"]


@dataclass
class Faults:
    """Faults of a board; all are off until they are set, and can be set and cleared at any time.

    Attributes:
        no_permission: nobody may open the board, now or after it has come back.
        ignore_reset_request: the reset interface takes its requests, and nothing happens.
        ignore_touch: 1200 baud does nothing (dummy application only).
        no_return_from_reset: True: after a reset the board stays away; a number: it comes so many seconds later.
        return_mode: after a reset it comes back in this mode, whatever was asked for.
        return_chip: after a reset another kind of chip is at this port.
        unplug_during: the cable is pulled in the middle of an erase, a write, or a read that verifies; once.
        unplug_after: so many of those go well before.
        bad_address: the flash takes all bits at this address but bit 0, which it turns over.
        erase_seconds: time for each sector that is erased.
        write_seconds: time for each write command to the flash.
        status: PICOBOOT's status code, by the command's name, for commands that are refused: see `picoboot.COMMANDS`.
        drive_busy: something writes to the drive, so the chip refuses to write (status "interleaved write").
    """

    no_permission: bool = False
    ignore_reset_request: bool = False
    ignore_touch: bool = False
    no_return_from_reset: bool | float = False
    return_mode: Mode | None = None
    return_chip: str | None = None
    unplug_during: Literal["erase", "write", "verify"] | None = None
    unplug_after: int = 0
    bad_address: int | None = None
    erase_seconds: float = 0.0
    write_seconds: float = 0.0
    status: dict[str, int] = field(default_factory=dict)
    drive_busy: bool = False
    _changed: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    def __setattr__(self, name: str, value: Any) -> None:
        known = {item.name for item in fields(self)}
        if name not in known:
            raise AttributeError(f"no such fault: {name!r}; there are {', '.join(sorted(known - {'_changed'}))}")
        object.__setattr__(self, name, value)
        if name == "no_permission" and "_changed" in vars(self):
            self._changed()

    def clear(self) -> None:
        """No faults any more."""
        healthy = Faults()
        for item in fields(self):
            if item.name != "_changed":
                setattr(self, item.name, getattr(healthy, item.name))


@dataclass
class Counts:
    """What was done to a board, since it was plugged in or since `clear`."""

    erased_sectors: int = 0
    programmed_pages: int = 0
    write_commands: int = 0
    read_commands: int = 0
    execs: int = 0
    reset_requests: int = 0
    touches: int = 0
    reboots: int = 0
    enumerations: int = 0

    @property
    def flash_touched(self) -> bool:
        """Whether anything was erased or programmed over USB."""
        return bool(self.erased_sectors or self.programmed_pages)

    def clear(self) -> None:
        """All from 0 again."""
        for item in fields(self):
            setattr(self, item.name, 0)
