"""`python -m harness.flash.make_uf2 FIRMWARE.elf FIRMWARE.uf2`: what the firmware's build runs after linking.

Needs the standard library alone. An error is one line, with exit code 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.errors import FlashFailed, HarnessError
from harness.flash.elf import MAX_BYTES, read_elf_segments
from harness.flash.layout import FLASH_ADDRESS, FLASH_BYTES
from harness.flash.uf2 import RP2040, RP2350_ARM_S, Uf2, write_uf2

# Bytes of flash on the board that is meant: a Pico and a Pico 2. Beyond it, addresses begin again at the start.
_FAMILIES = {"rp2040": (RP2040, FLASH_BYTES), "rp2350": (RP2350_ARM_S, 2 * FLASH_BYTES)}


class OutsideFlash(FlashFailed):
    """A firmware wants bytes where there is no flash."""

    advice = "link for flash: what lies in RAM must have its load address in flash"


def convert(data: bytes, family: str, *, address: int = FLASH_ADDRESS) -> bytes:
    """A UF2 of an ELF file's loadable segments, or of a raw binary.

    Args:
        data: the file; an ELF file is told by its first bytes.
        family: "rp2040" or "rp2350".
        address: where a raw binary goes.

    Raises:
        ElfInvalid, Uf2Invalid: it is damaged.
        OutsideFlash: it does not fit the flash of the board.
    """
    number, size = _FAMILIES[family]
    pieces = read_elf_segments(data) if data.startswith(b"\x7fELF") else [(address, data)]
    for start, piece in pieces:
        if start < FLASH_ADDRESS or start + len(piece) > FLASH_ADDRESS + size:
            raise OutsideFlash(
                f"bytes from {FLASH_ADDRESS:#010x} to {FLASH_ADDRESS + size:#010x} expected for {family}, "
                f"{len(piece):,} at {start:#010x} came"
            )
    return write_uf2(Uf2.joined(number, pieces))


def main(arguments: Sequence[str] | None = None) -> int:
    """Converts a file and returns the exit code."""
    parser = argparse.ArgumentParser(prog="make_uf2", description="Makes a UF2 of an ELF file or a raw binary.")
    parser.add_argument("source", type=Path, metavar="SOURCE", help="an ELF file, or a raw binary")
    parser.add_argument("target", type=Path, metavar="TARGET.uf2")
    parser.add_argument("--family", choices=sorted(_FAMILIES), default="rp2040", help="default: rp2040")
    parser.add_argument(
        "--address",
        type=lambda text: int(text, 0),
        default=FLASH_ADDRESS,
        metavar="N",
        help=f"where a raw binary goes (default: {FLASH_ADDRESS:#x})",
    )
    given = parser.parse_args(arguments)
    try:
        if given.source.stat().st_size > MAX_BYTES:
            raise FlashFailed(f"at most {MAX_BYTES:,} bytes expected, {given.source.stat().st_size:,} came")
        made = convert(given.source.read_bytes(), given.family, address=given.address)
        # Beside its place first: who reads the target never sees half of it.
        fresh = given.target.with_name(given.target.name + ".new")
        fresh.write_bytes(made)
        fresh.replace(given.target)
    except OSError as error:
        print(f"make_uf2: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except HarnessError as error:
        print(
            f"make_uf2: {given.source}: {error.message}; what to do: {error.advice or 'see the file'}", file=sys.stderr
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
