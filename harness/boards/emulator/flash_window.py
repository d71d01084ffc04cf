"""The emulated flash chip's commands that rp2040py does not know.

Source: Winbond W25Q16JV datasheet, "Read Unique ID Number (4Bh)": the opcode, four dummy bytes, eight bytes of answer.
"""

from __future__ import annotations

from collections import deque
from typing import Any

UNIQUE_ID_BYTES = 8

_DATA = 0x60  # SSI's data register DR0
_READ_UNIQUE_ID = 0x4B
_DUMMY_BYTES = 4
# Page program, and the erasures of 4, 32 and 64 KiB and of the whole chip.
_CHANGING = frozenset((0x02, 0x20, 0x52, 0xD8, 0xC7, 0x60))


class FlashWindow:
    """Stands between the bus and rp2040py's SSI: adds the unique id, and notices commands that change the flash.

    What the program reads as memory does not come this way, so this costs nothing while code runs from flash.

    Attributes:
        changed: whether a command has begun that may change the flash; whoever saves the flash clears it.
    """

    def __init__(self, ssi: Any, unique_id: bytes) -> None:
        assert len(unique_id) == UNIQUE_ID_BYTES
        self._ssi = ssi
        self._answer = bytes(1 + _DUMMY_BYTES) + unique_id
        self._answers: deque[int] = deque()
        self._opcode = 0
        self.changed = False

    def __getattr__(self, name: str) -> Any:
        # rp2040py words its warnings with the block's own name and logger.
        return getattr(self._ssi, name)

    def read_uint32(self, offset: int) -> int:
        """What a word read of a register gives."""
        value: int = self._ssi.read_uint32(offset)
        if offset == _DATA and self._answers:
            return self._answers.popleft()
        return value

    def write_uint32(self, offset: int, value: int) -> None:
        """A word write."""
        self._ssi.write_uint32(offset, value)
        if offset == _DATA:
            self._shifted(value & 0xFF)

    def write_uint32_atomic(self, offset: int, value: int, atomic_type: int) -> None:
        """A word write, through one of the register's aliases too."""
        self._ssi.write_uint32_atomic(offset, value, atomic_type)
        if offset == _DATA:
            self._shifted(value & 0xFF)

    def _shifted(self, value: int) -> None:
        """A byte went to the flash chip; rp2040py has queued 0xFF for it, the answer to what it does not know."""
        # Counted by rp2040py since chip select fell: 1 is the opcode.
        position = len(self._ssi._tx_buffer) - 1
        if position == 0:
            self._opcode = value
            self._answers.clear()
            if value in _CHANGING:
                self.changed = True
        if self._opcode == _READ_UNIQUE_ID and 0 <= position < len(self._answer):
            self._answers.append(self._answer[position])
