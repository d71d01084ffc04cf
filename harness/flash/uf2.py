"""UF2 files: what a Pico's boot ROM and picotool write to flash.

Sources: Microsoft's "USB Flashing Format (UF2)" specification, version 1; RP2040 datasheet, section 2.8.4.2 "UF2 format
details" and erratum RP2040-E14; RP2350 datasheet, section 5.5.2 "UF2 format details" and erratum RP2350-E10.

A file is a sequence of blocks of 512 bytes, little-endian:

    offset  size  what
    0       8     0x0A324655, 0x9E5D5157
    8       4     flags: 0x2000 family given, 0x4000 MD5 given, 0x8000 extension tags given
    12      4     address in memory
    16      4     bytes of payload: 256 for all Picos
    20      4     number of the block, from 0
    24      4     number of blocks
    28      4     family
    32      476   payload, then zeros or extension tags
    508     4     0x0AB16F30

The boot ROM ignores a block that it does not like without a word. So everything is checked here, before anything is
written to a board.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.errors import FlashFailed
from harness.flash.layout import FLASH_ADDRESS, FLASH_BYTES, PAGE_BYTES, RP2350_FLASH_BYTES, SECTOR_BYTES

RP2040 = 0xE48BFF56
RP2350_ARM_S = 0xE48BFF59
ABSOLUTE = 0xE48BFF57
FAMILY_NAMES = {RP2040: "RP2040", RP2350_ARM_S: "RP2350 ARM-S", ABSOLUTE: "absolute"}

BLOCK_BYTES = 512
# All 16 MiB that the chips can address of a flash: 32 MiB of file.
MAX_BLOCKS = 16 * 1024 * 1024 // PAGE_BYTES

_BLOCK = struct.Struct("<8I476sI")
_MAGIC = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_FLAG_FAMILY = 0x2000
_FLAG_EXTENSION = 0x8000
_FLAGS_TAKEN = _FLAG_FAMILY | 0x4000 | _FLAG_EXTENSION
# Erratum RP2350-E10: picotool puts this block before the others; newer boot ROMs skip it by the tag behind its payload.
_E10_PAYLOAD = b"\xef" * PAGE_BYTES
_E10_TAG = struct.pack("<I", 0x9957E304)
_ADDRESSES = 2**32


class Uf2Invalid(FlashFailed):
    """The bytes are not a UF2 file that a Pico takes whole."""

    advice = "build the firmware again with `make firmware`, or copy the file again"


class WrongChip(FlashFailed):
    """The image is for another chip than the board's."""

    advice = "build for this board: `make firmware PICO_BOARD=pico` for an RP2040, `pico2` for an RP2350"


@dataclass(frozen=True)
class Uf2:
    """What a UF2 file writes.

    Attributes:
        family: the kind of chip, one of `FAMILY_NAMES`.
        segments: absolute address and bytes of each piece of memory; sorted, and a gap between each two.

    Raises:
        Uf2Invalid: the segments are not so; `joined` makes them so.
    """

    family: int
    segments: tuple[tuple[int, bytes], ...]

    def __post_init__(self) -> None:
        if self.family not in FAMILY_NAMES:
            raise Uf2Invalid(f"UF2: family {_names()} expected, {self.family:#x} came")
        if not self.segments:
            raise Uf2Invalid("UF2: at least one segment expected, none came")
        end = -1
        for address, data in self.segments:
            if not data or address < 0 or address + len(data) > _ADDRESSES:
                raise Uf2Invalid(f"UF2: bytes at 32-bit addresses expected, {len(data):,} at {address:#x} came")
            if address <= end:
                raise Uf2Invalid(f"UF2: a segment beyond {end:#010x} expected, one at {address:#010x} came")
            end = address + len(data)

    @classmethod
    def joined(cls, family: int, pieces: Iterable[tuple[int, bytes]]) -> Uf2:
        """Of pieces in any order; what is adjacent becomes one segment, and empty ones are left out.

        Raises:
            Uf2Invalid: two of them overlap.
        """
        segments: list[tuple[int, bytearray]] = []
        for address, data in sorted((piece for piece in pieces if piece[1]), key=lambda piece: piece[0]):
            end = segments[-1][0] + len(segments[-1][1]) if segments else -1
            if address < end:
                raise Uf2Invalid(f"UF2: bytes at {address:#010x} expected once, they come twice")
            if address == end:
                segments[-1][1].extend(data)
            else:
                segments.append((address, bytearray(data)))
        return cls(family, tuple((address, bytes(data)) for address, data in segments))


def read_uf2(data: bytes) -> Uf2:
    """What the file writes, with every figure in it checked. RP2350-E10's block is checked and left out.

    Raises:
        Uf2Invalid: it is not a UF2 file, it is damaged, or a Pico would ignore a part of it.
    """
    if data[:8] != struct.pack("<2I", *_MAGIC):
        raise Uf2Invalid(
            f"UF2: a file that begins with b'UF2\\n' expected, one of {len(data):,} bytes came "
            f"that begins with {data[:8]!r}"
        )
    if len(data) % BLOCK_BYTES:
        raise Uf2Invalid(f"UF2: whole blocks of {BLOCK_BYTES} bytes expected, {len(data):,} bytes came: truncated?")
    if len(data) > (MAX_BLOCKS + 1) * BLOCK_BYTES:
        raise Uf2Invalid(f"UF2: at most {MAX_BLOCKS:,} blocks expected, {len(data) // BLOCK_BYTES:,} came")
    blocks = [data[start : start + BLOCK_BYTES] for start in range(0, len(data), BLOCK_BYTES)]
    if len(blocks) > 1 and _is_e10(blocks[0]):
        del blocks[0]
    family = _BLOCK.unpack(blocks[0])[7]
    if family not in FAMILY_NAMES:
        raise Uf2Invalid(
            f"UF2: family {_names()} expected, {family:#010x} came", advice="give the UF2 of a firmware for a Pico"
        )
    return Uf2.joined(family, [_read_block(block, number, len(blocks), family) for number, block in enumerate(blocks)])


def check_addresses(uf2: Uf2) -> None:
    """Makes sure that all of the file goes into the flash of a Pico (RP2040: 2 MiB) or Pico 2 (RP2350: 4 MiB).

    Beyond its end the flash begins again, so that a larger image would overwrite its own beginning.

    Raises:
        Uf2Invalid: it does not.
    """
    end = FLASH_ADDRESS + (FLASH_BYTES if uf2.family == RP2040 else RP2350_FLASH_BYTES)
    for address, data in uf2.segments:
        if address < FLASH_ADDRESS or address + len(data) > end:
            raise Uf2Invalid(
                f"UF2: addresses in the flash expected, {FLASH_ADDRESS:#010x} to {end - 1:#010x}; {address:#010x} to "
                f"{address + len(data) - 1:#010x} came",
                advice="build the image to run from flash, for a board with as much of it as a Pico has",
            )


def write_uf2(uf2: Uf2) -> bytes:
    """The file. Bytes of a page of 256 that are in no segment become 0xFF, and so do pages between.

    Erratum RP2040-E14: the boot ROM may erase a sector of 4,096 bytes a second time if a file fills it partly, so every
    sector but the last is filled. RP2350-E10's block is not written: it costs the last sector of the flash, which keeps
    the board's settings, and is needed for partition tables alone.

    Raises:
        Uf2Invalid: it would be larger than any flash.
    """
    pages: dict[int, bytearray] = {}
    total = sum(len(data) // PAGE_BYTES + 2 for _, data in uf2.segments)
    if total > MAX_BLOCKS:
        raise Uf2Invalid(f"UF2: at most {MAX_BLOCKS:,} blocks expected, {total:,} came")
    for address, data in uf2.segments:
        for page, start, part in _cut(address, data):
            pages.setdefault(page, bytearray(b"\xff" * PAGE_BYTES))[start : start + len(part)] = part
    last = max(pages)
    for sector in {page - page % SECTOR_BYTES for page in pages}:
        for page in range(sector, min(sector + SECTOR_BYTES, last), PAGE_BYTES):
            pages.setdefault(page, bytearray(b"\xff" * PAGE_BYTES))
    return b"".join(
        _BLOCK.pack(*_MAGIC, _FLAG_FAMILY, page, PAGE_BYTES, number, len(pages), uf2.family, bytes(data), _MAGIC_END)
        for number, (page, data) in enumerate(sorted(pages.items()))
    )


def _cut(address: int, data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Page, position in the page, and bytes, for each page that the bytes touch."""
    place = 0
    while place < len(data):
        start = (address + place) % PAGE_BYTES
        part = data[place : place + PAGE_BYTES - start]
        yield address + place - start, start, part
        place += len(part)


def _read_block(block: bytes, number: int, count: int, family: int) -> tuple[int, bytes]:
    first, second, flags, address, size, told_number, told_count, told_family, content, last = _BLOCK.unpack(block)
    for what, expected, came in (
        ("magic numbers", (*_MAGIC, _MAGIC_END), (first, second, last)),
        ("count of blocks", count, told_count),
        ("number", number, told_number),
        ("payload size", PAGE_BYTES, size),
    ):
        if expected != came:
            raise Uf2Invalid(f"UF2: block {number}: {what} {_shown(expected)} expected, {_shown(came)} came")
    if flags & ~_FLAGS_TAKEN or not flags & _FLAG_FAMILY:
        raise Uf2Invalid(
            f"UF2: block {number}: flags of a block for flash with a family (0x2000) expected, {flags:#x} came"
        )
    if told_family != family:
        raise Uf2Invalid(
            f"UF2: block {number}: family {FAMILY_NAMES[family]} expected as before, "
            f"{FAMILY_NAMES.get(told_family, hex(told_family))} came",
            advice="one file is for one chip",
        )
    if address % PAGE_BYTES:
        raise Uf2Invalid(
            f"UF2: block {number}: an address that is a multiple of {PAGE_BYTES} expected, {address:#010x} came"
        )
    return address, content[:PAGE_BYTES]


def _is_e10(block: bytes) -> bool:
    first, second, flags, _, size, number, count, family, content, last = _BLOCK.unpack(block)
    return (
        (first, second, last) == (*_MAGIC, _MAGIC_END)
        and (size, number, count, family) == (PAGE_BYTES, 0, 2, ABSOLUTE)
        and content.startswith(_E10_PAYLOAD)
        and (
            flags == _FLAG_FAMILY
            or (flags == _FLAG_FAMILY | _FLAG_EXTENSION and content[PAGE_BYTES:].startswith(_E10_TAG))
        )
    )


def _shown(value: int | tuple[int, ...]) -> str:
    return ", ".join(f"{item:#010x}" for item in value) if isinstance(value, tuple) else f"{value:,}"


def _names() -> str:
    return " or ".join(f"{name} ({number:#x})" for number, name in FAMILY_NAMES.items() if number != ABSOLUTE)
