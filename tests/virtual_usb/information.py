"""What an RP2350 in BOOTSEL tells of itself: PICOBOOT's GET_INFO and OTP_READ, for a chip as it leaves the factory.

Sources: RP2350 datasheet, sections 5.4.8.16 (get_sys_info), 5.4.8.18 (get_uf2_target_partition) and 5.6.4; figures as
in pico-sdk 2.1.1's boot/bootrom_constants.h.
"""

from __future__ import annotations

import struct
from typing import Protocol

_SYSTEM, _PARTITION_TABLE, _TARGET_PARTITION = 1, 2, 3
_CHIP, _CRITICAL, _CPU, _FLASH_DEVICE, _RANDOM, _BOOT = 0x01, 0x02, 0x04, 0x08, 0x10, 0x40
_INVALID_ARGUMENT = 11

# Family ids of UF2 files that such a chip takes anywhere in its flash: absolute, Arm secure, RISC-V, Arm non-secure.
_FAMILIES = (0xE48BFF57, 0xE48BFF59, 0xE48BFF5A, 0xE48BFF5B)
_NO_PARTITION = 0xFF
_NOWHERE = 0xFFFFFFFF
# All permissions; from sector 0 to the last one that can be addressed.
_ALL_OF_FLASH = 0xFC000000 | 0x1FFF << 13

_GPIOS_ROW, _GPIOS = 0x18, 30


class Refused(Exception):
    """A command that the chip does not carry out; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"PICOBOOT status {status}")
        self.status = status


class HasUniqueId(Protocol):
    """Whatever has a unique id."""

    @property
    def unique_id(self) -> bytes:
        """Eight bytes."""


def information(kind: int, first: int, chip: HasUniqueId) -> bytes:
    """The answer to GET_INFO: number of words that follow, and these.

    Raises:
        Refused: nothing is known of that.
    """
    if kind == _SYSTEM:
        high, low = struct.unpack(">II", chip.unique_id)
        parts = {
            _CHIP: (1, low, high),
            _CRITICAL: (0,),
            _CPU: (0,),
            _FLASH_DEVICE: (0,),
            _RANDOM: (0, 0, 0, 0),
            _BOOT: (0, 0, 0, 0),
        }
        words = [first & sum(parts)]
        for flag, part in parts.items():
            words += part if first & flag else ()
    elif kind == _PARTITION_TABLE:
        # Flags that were asked for, no partition, and what holds for all that is in none.
        words = [first, 0, _ALL_OF_FLASH, 0xFC000000]
    elif kind == _TARGET_PARTITION:
        words = [_NO_PARTITION if first in _FAMILIES else _NOWHERE, _ALL_OF_FLASH, 0xFC000000]
    else:
        raise Refused(_INVALID_ARGUMENT)
    return struct.pack(f"<{1 + len(words)}I", len(words), *words)


def one_time_memory(row: int, count: int, ecc: bool) -> bytes:
    """Rows of the one-time memory: blank, but for the number of pins."""
    values = [_GPIOS if number == _GPIOS_ROW else 0 for number in range(row, row + count)]
    return struct.pack(f"<{count}{'H' if ecc else 'I'}", *values)
