"""What tells the two chips apart, as far as USB and picotool see it.

Sources: RP2040 datasheet, sections 2.2 (addresses), 2.8.2.1 (boot ROM contents), 2.8.3 and 2.8.5 (BOOTSEL, PICOBOOT);
RP2350 datasheet, sections 2.2, 5.4 and 5.6.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

FLASH_ADDRESS = 0x10000000
FLASH_WINDOW_BYTES = 16 * 1024 * 1024
SECTOR_BYTES = 4096
PAGE_BYTES = 256

VENDOR = 0x2E8A

_ROM_MAGIC_ADDRESS = 0x10
_ROM_TABLE_ADDRESS = 0x40
_ROM_REVISION_ADDRESS = 0x80
# Where the model's own ROM has the two functions that picotool calls.
RESET_USB_BOOT = 0x2601
MEMCPY = 0x2701


@dataclass(frozen=True)
class Chip:
    """A kind of chip.

    Attributes:
        name: "rp2040" or "rp2350".
        bootsel, application: USB product ids.
        bootsel_product: the product string in BOOTSEL.
        bootsel_serial: the serial number in BOOTSEL, or None where it is the chip's own.
        board: what our firmware calls the board.
        flash_bytes: the flash of Raspberry Pi's own board.
        rom: what the boot ROM holds.
        memories: start and size of whatever else PICOBOOT reads and writes.
    """

    name: str
    bootsel: int
    application: int
    bootsel_product: str
    bootsel_serial: str | None
    board: str
    flash_bytes: int
    rom: bytes
    memories: tuple[tuple[int, int], ...]


def _rom(size: int, family: int, version: int, table: bytes) -> bytes:
    """A boot ROM with nothing in it but its magic, its version and the table of what is where."""
    rom = bytearray(size)
    rom[_ROM_MAGIC_ADDRESS : _ROM_MAGIC_ADDRESS + 4] = b"Mu" + bytes((family, version))
    struct.pack_into("<H", rom, _ROM_MAGIC_ADDRESS + 4, _ROM_TABLE_ADDRESS)
    rom[_ROM_TABLE_ADDRESS : _ROM_TABLE_ADDRESS + len(table)] = table
    return bytes(rom)


CHIPS = {
    "rp2040": Chip(
        name="rp2040",
        bootsel=0x0003,
        application=0x000A,
        bootsel_product="RP2 Boot",
        # On every chip of this stepping.
        bootsel_serial="E0C9125B0D9B",
        board="pico",
        flash_bytes=2 * 1024 * 1024,
        rom=_rom(16 * 1024, 1, 3, struct.pack("<2sH2sH", b"UB", RESET_USB_BOOT, b"MC", MEMCPY)),
        # Cache as memory, memory, and the same banks in another order, memory of the USB controller.
        memories=((0x15000000, 16 * 1024), (0x20000000, 264 * 1024), (0x21000000, 256 * 1024), (0x50100000, 4096)),
    ),
    "rp2350": Chip(
        name="rp2350",
        bootsel=0x000F,
        application=0x0009,
        bootsel_product="RP2350 Boot",
        bootsel_serial=None,
        board="pico2",
        flash_bytes=4 * 1024 * 1024,
        # One entry: the address of the revision, marked as data (0x40).
        rom=_rom(32 * 1024, 2, 2, struct.pack("<2sHH", b"GR", 0x40, _ROM_REVISION_ADDRESS)),
        memories=((0x13FFC000, 16 * 1024), (0x20000000, 520 * 1024), (0x50100000, 4096)),
    ),
}
