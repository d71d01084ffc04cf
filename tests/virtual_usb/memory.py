"""What a chip in BOOTSEL reads and writes: boot ROM, flash, memory."""

from __future__ import annotations

from tests.virtual_usb.chips import FLASH_ADDRESS, FLASH_WINDOW_BYTES, PAGE_BYTES, SECTOR_BYTES, Chip
from tests.virtual_usb.faults import Counts, Faults

_ERASED = 0xFF


class NothingThere(Exception):
    """An address at which nothing can be read or written."""


class Misaligned(Exception):
    """An address or a size that is not a multiple of what the flash needs."""


class Memory:
    """All that PICOBOOT can address.

    Args:
        flash: what the flash holds; changed in place.
    """

    def __init__(self, chip: Chip, flash: bytearray, faults: Faults, counts: Counts) -> None:
        self._chip = chip
        self._flash = flash
        self._faults = faults
        self._counts = counts
        self._memories = [(start, bytearray(size)) for start, size in chip.memories]

    def is_flash(self, address: int) -> bool:
        """Whether the flash is at this address."""
        return FLASH_ADDRESS <= address < FLASH_ADDRESS + FLASH_WINDOW_BYTES

    def read(self, address: int, size: int) -> bytes:
        """Reads.

        Raises:
            NothingThere: not all of it is within one memory.
        """
        if self._in_flash(address, size):
            # A smaller flash repeats itself: it does not know the upper address bits.
            start = (address - FLASH_ADDRESS) % len(self._flash)
            once = bytes(self._flash[start : start + size])
            return once if len(once) == size else once + self.read(FLASH_ADDRESS, size - len(once))
        if address + size <= len(self._chip.rom):
            return self._chip.rom[address : address + size]
        memory, offset = self._find(address, size)
        return bytes(memory[offset : offset + size])

    def write(self, address: int, data: bytes) -> None:
        """Writes to memory, or programs the flash: bits become 0 there, never 1.

        Raises:
            NothingThere: not all of it is within one memory.
            Misaligned: not whole pages of the flash.
        """
        if not self._in_flash(address, len(data)):
            memory, offset = self._find(address, len(data))
            memory[offset : offset + len(data)] = data
            return
        if address % PAGE_BYTES or len(data) % PAGE_BYTES:
            raise Misaligned
        start = (address - FLASH_ADDRESS) % len(self._flash)
        old = self._flash[start : start + len(data)]
        new = int.from_bytes(old, "big") & int.from_bytes(data, "big")
        self._flash[start : start + len(data)] = new.to_bytes(len(data), "big")
        bad = self._faults.bad_address
        if bad is not None and address <= bad < address + len(data):
            self._flash[start + bad - address] ^= 1
        self._counts.programmed_pages += len(data) // PAGE_BYTES

    def check_erase(self, address: int, size: int) -> None:
        """Whether it is whole sectors of the flash.

        Raises:
            NothingThere, Misaligned: it is not.
        """
        if not self._in_flash(address, size):
            raise NothingThere
        if address % SECTOR_BYTES or size % SECTOR_BYTES or not size:
            raise Misaligned

    def erase(self, address: int, size: int) -> None:
        """Erases, in whole sectors or, where the power fails, less."""
        start = (address - FLASH_ADDRESS) % len(self._flash)
        self._flash[start : start + size] = bytes((_ERASED,)) * size
        self._counts.erased_sectors += -(-size // SECTOR_BYTES)

    def _in_flash(self, address: int, size: int) -> bool:
        return self.is_flash(address) and self.is_flash(address + max(size, 1) - 1)

    def _find(self, address: int, size: int) -> tuple[bytearray, int]:
        for start, memory in self._memories:
            if start <= address and address + size <= start + len(memory):
                return memory, address - start
        raise NothingThere
