"""A firmware for a Pico, as the build leaves it: a UF2, and beside it the ELF file with its symbols.

Which build it is says the GNU build id that the linker puts into flash (`--build-id=sha1`). The firmware finds the same
bytes at run time and reports their first 16 digits as `build`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import FlashFailed, HarnessError
from harness.flash import elf as elf_file
from harness.flash.elf import read_elf_segments
from harness.flash.uf2 import BLOCK_BYTES, MAX_BLOCKS, Uf2, read_uf2

# Where `make firmware` leaves it, from the folder that the run is in.
DEFAULT_PATH = Path("build/firmware/pico-tflm/tflm_bench.uf2")
BUILD_DIGITS = 16

# A note of ELF's: sizes of name and content, type 3 (NT_GNU_BUILD_ID), the name; then the 20 bytes of a SHA-1.
_NOTE = b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"
_ID_BYTES = 20


class FirmwareNotFound(FlashFailed):
    """There is no firmware to bring onto a board."""

    advice = "build it with `make firmware`, or name one with --firmware PATH"


class FirmwareInvalid(FlashFailed):
    """A firmware that cannot be used, although its UF2 is one."""

    advice = "build the firmware again with `make firmware`; other firmwares need the linker's --build-id=sha1"


@dataclass(frozen=True)
class Firmware:
    """A firmware.

    Attributes:
        path: its UF2.
        elf: its ELF file, with symbols for crash reports; None where there is none of the same build.
        build: its build id, as the running firmware reports it.
        uf2: what it writes to flash.
        elf_problem: why `elf` is None, or None.
    """

    path: Path
    elf: Path | None
    build: str
    uf2: Uf2
    elf_problem: str | None = None


def find_firmware(explicit: Path | None, root: Path) -> Firmware:
    """The firmware that a run uses.

    Args:
        explicit: what --firmware names, or None.
        root: the folder that the build is in.

    Raises:
        FirmwareNotFound: there is none.
        Uf2Invalid, FirmwareInvalid: it cannot be used.
    """
    path = root / DEFAULT_PATH if explicit is None else explicit
    if not path.exists():
        raise FirmwareNotFound(f"no firmware: {path} expected, there is no such file")
    return load_firmware(path)


def load_firmware(path: Path) -> Firmware:
    """The firmware in a UF2 file.

    Raises:
        FirmwareNotFound: the file cannot be read.
        Uf2Invalid: it is not a UF2 file.
        FirmwareInvalid: it has no build id, or several.
    """
    try:
        data = _read(path, (MAX_BLOCKS + 1) * BLOCK_BYTES)
    except OSError as error:
        raise FirmwareNotFound(f"no firmware: {path} cannot be read: {error.strerror}") from None
    uf2 = read_uf2(data)
    found = list(_build_ids(uf2.segments))
    if len(found) != 1:
        raise FirmwareInvalid(f"{path}: one GNU build id in flash expected, {len(found)} came")
    elf = path.with_suffix(".elf")
    problem = _elf_problem(elf, found[0])
    return Firmware(path, elf if problem is None else None, found[0][:BUILD_DIGITS], uf2, problem)


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        # What is longer is refused by whoever reads it.
        return file.read(most + 1)


def _elf_problem(path: Path, build: str) -> str | None:
    try:
        found = list(_build_ids(read_elf_segments(_read(path, elf_file.MAX_BYTES))))
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    except HarnessError as error:
        return f"{path}: {error.message}"
    if found == [build]:
        return None
    came = " and ".join(other[:BUILD_DIGITS] for other in found) or "none"
    return f"{path}: build {build[:BUILD_DIGITS]} expected as in the UF2 beside it, {came} came"


def _build_ids(segments: Iterable[tuple[int, bytes]]) -> Iterator[str]:
    for address, data in segments:
        place = data.find(_NOTE)
        while place >= 0:
            content = data[place + len(_NOTE) : place + len(_NOTE) + _ID_BYTES]
            if (address + place) % 4 == 0 and len(content) == _ID_BYTES:
                yield content.hex()
            place = data.find(_NOTE, place + 1)
