"""An emulated board's flash while nobody runs it: a file of 2 MiB."""

from __future__ import annotations

from pathlib import Path

from harness.errors import FlashFailed
from harness.flash.layout import FLASH_ADDRESS, FLASH_BYTES, SECTOR_BYTES
from harness.flash.uf2 import RP2040, Uf2, Uf2Invalid

_ERASED = b"\xff"


class FlashFile:
    """What the flash holds. Written as a whole: whatever ends this process, the file is the old one or the new one.

    A computer that loses its power may lose it all; a board is flashed again then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> bytes:
        """All of it; a flash that was never written is erased.

        Raises:
            FlashFailed: the file is none of ours, or cannot be read.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return _ERASED * FLASH_BYTES
        except OSError as error:
            raise FlashFailed(
                f"the emulated board's flash cannot be read: {error}", advice=f"remove {self.path}"
            ) from None
        if len(data) != FLASH_BYTES:
            raise FlashFailed(
                f"the emulated board's flash: {FLASH_BYTES:,} bytes expected, {len(data):,} came",
                advice=f"remove {self.path}",
            )
        return data

    def write(self, data: bytes) -> None:
        """Replaces all of it.

        Raises:
            FlashFailed: it cannot be written; the old content is still there.
        """
        assert len(data) == FLASH_BYTES
        fresh = self.path.with_suffix(".new")
        try:
            fresh.write_bytes(data)
            fresh.replace(self.path)
        except OSError as error:
            raise FlashFailed(
                f"the emulated board's flash cannot be written: {error}",
                advice=f"make room in {self.path.parent}, or have XDG_CACHE_HOME name another folder",
            ) from None

    def program(self, uf2: Uf2) -> None:
        """Writes a UF2's segments, as the boot ROM does: each sector that is touched is erased first.

        Raises:
            Uf2Invalid: it is for another chip, or does not fit this flash.
            FlashFailed: the file cannot be written.
        """
        self.write(programmed(self.read(), uf2))


def programmed(flash: bytes, uf2: Uf2) -> bytes:
    """What a flash holds after a UF2 was written to it.

    Raises:
        Uf2Invalid: it is for another chip, or does not fit this flash.
    """
    if uf2.family != RP2040:
        raise Uf2Invalid(f"UF2: family {RP2040:#x} (RP2040) expected, {uf2.family:#x} came")
    result = bytearray(flash)
    pieces: list[tuple[int, bytes]] = []
    for address, data in uf2.segments:
        start = address - FLASH_ADDRESS
        end = start + len(data)
        if start < 0 or end > FLASH_BYTES:
            raise Uf2Invalid(
                f"UF2: addresses {FLASH_ADDRESS:#010x} to {FLASH_ADDRESS + FLASH_BYTES:#010x} expected, "
                f"{address:#010x} to {address + len(data):#010x} came"
            )
        pieces.append((start, data))
        first = start - start % SECTOR_BYTES
        last = -(-end // SECTOR_BYTES) * SECTOR_BYTES
        result[first:last] = _ERASED * (last - first)
    for start, data in pieces:
        result[start : start + len(data)] = data
    return bytes(result)
