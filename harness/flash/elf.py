"""The loadable segments of a 32-bit ARM ELF file: what a linker wants in flash, and at which address.

Source: "Executable and Linkable Format", Tool Interface Standard 1.2. Read here with the standard library alone, so
that the firmware's build needs no package for it; `harness/crash/symbols.py` reads the rest of such a file.
"""

from __future__ import annotations

import struct

from harness.errors import FlashFailed

MAX_BYTES = 256 * 1024 * 1024
_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SEGMENT = struct.Struct("<8I")
# 32-bit, little-endian, version 1.
_IDENT = b"\x7fELF\x01\x01\x01"
_ARM = 40
_PT_LOAD = 1


class ElfInvalid(FlashFailed):
    """The bytes are not an ELF file of a firmware for a Pico."""

    advice = "build the firmware again with `make firmware`"


def read_elf_segments(data: bytes) -> list[tuple[int, bytes]]:
    """Physical address and bytes of each loadable segment that has bytes in the file, in the file's order.

    Raises:
        ElfInvalid: it is not a 32-bit ARM ELF file, or it is damaged.
    """
    if len(data) < _HEADER.size or not data.startswith(_IDENT):
        raise ElfInvalid(
            f"ELF: a 32-bit little-endian file expected, {len(data):,} bytes came that begin with {data[:7]!r}"
        )
    _, _, machine, _, _, table, _, _, _, size, count, _, _, _ = _HEADER.unpack_from(data)
    if machine != _ARM:
        raise ElfInvalid(
            f"ELF: machine {_ARM} (ARM) expected, {machine} came",
            advice="compile with arm-none-eabi-gcc: a file for this computer is no firmware",
        )
    if count and size != _SEGMENT.size:
        raise ElfInvalid(f"ELF: program headers of {_SEGMENT.size} bytes expected, of {size} came")
    if table + count * size > len(data):
        raise ElfInvalid(f"ELF: {count} program headers at {table:,} expected, the file has {len(data):,} bytes")
    segments = []
    for number in range(count):
        kind, offset, _, address, length, _, _, _ = _SEGMENT.unpack_from(data, table + number * size)
        if kind != _PT_LOAD or not length:
            continue
        if offset + length > len(data):
            raise ElfInvalid(
                f"ELF: segment {number}: {length:,} bytes at {offset:,} expected, the file has "
                f"{len(data):,} bytes: truncated?"
            )
        segments.append((address, data[offset : offset + length]))
    if not segments:
        raise ElfInvalid("ELF: at least one loadable segment expected, none came")
    return segments
