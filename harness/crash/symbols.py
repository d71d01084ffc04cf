"""From an address in a firmware to function, file and line, by its ELF file.

Functions come from the symbol table, lines from DWARF's line programs, both read by pyelftools. A file that is missing
or damaged gives no names, and a reason.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from harness.crash.demangle import demangle
from harness.flash.elf import MAX_BYTES

_MAX_SHOWN = 160
# The boot ROM of an RP2040 has 16 KiB, that of an RP2350 32 KiB; no firmware lies there.
_ROM_BYTES = 32 * 1024
_THUMB_CALL_BYTES = 2


@dataclass(frozen=True)
class Place:
    """Where an address is.

    Attributes:
        function: its name, demangled.
        offset: bytes from its start.
        file: the source file as the compiler was given it; "" where unknown.
        line: from 1; 0 where unknown.
    """

    function: str
    offset: int
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.file else f"+{self.offset:#x}"
        return f"{self.function} ({where})"


class Symbols:
    """The names of one firmware.

    Args:
        path: its ELF file; None gives no names.
        problem: why there is none.

    Attributes:
        problem: why addresses, or some of them, have no names; None while all is well.
    """

    def __init__(self, path: Path | None, problem: str | None = None) -> None:
        self._path = path
        self.problem = problem if path is None else None

    def place(self, address: int, *, is_return: bool = False) -> Place | None:
        """Where an address is, or None if it is in no function.

        Args:
            address: the Thumb bit in it does not matter.
            is_return: it is one that a call returns to; the call stands before it.
        """
        at = (address & ~1) - (_THUMB_CALL_BYTES if is_return else 0)
        if 0 <= at < _ROM_BYTES:
            return Place("boot ROM", at)
        number = bisect_right(self._functions, (at, 2**32, "")) - 1
        if number < 0:
            return None
        start, end, name = self._functions[number]
        if at >= end:
            return None
        file, line = self._line(at)
        return Place(name[:_MAX_SHOWN], at - start, file[-_MAX_SHOWN:], line)

    # pyelftools meets a damaged file with errors of many kinds, its own and Python's. No such file may hide the crash.

    @cached_property
    def _elf(self) -> Any:
        if self._path is None:
            return None
        try:
            from elftools.elf.elffile import ELFFile

            with self._path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                self.problem = f"{self._path}: at most {MAX_BYTES:,} bytes expected"
                return None
            return ELFFile(BytesIO(data))
        except Exception as error:  # noqa: BLE001
            self._cannot(error)
            return None

    @cached_property
    def _functions(self) -> list[tuple[int, int, str]]:
        """First address, first address behind, and name of every function, sorted."""
        if self._elf is None:
            return []
        try:
            return _functions(self._elf)
        except Exception as error:  # noqa: BLE001
            self._cannot(error)
            return []

    @cached_property
    def _dwarf(self) -> Any:
        return self._elf.get_dwarf_info() if self._elf.has_dwarf_info() else None

    def _line(self, address: int) -> tuple[str, int]:
        try:
            if self._dwarf is None:
                self.problem = f"{self._path}: no debug information in it"
                return "", 0
            return _line(self._dwarf, address)
        except Exception as error:  # noqa: BLE001
            self._cannot(error)
            return "", 0

    def _cannot(self, error: Exception) -> None:
        words = " ".join(str(error).split())[:_MAX_SHOWN]
        self.problem = f"{self._path} cannot be read: {type(error).__name__}: {words}"


def _functions(elf: Any) -> list[tuple[int, int, str]]:
    table = elf.get_section_by_name(".symtab")
    if table is None:
        raise ValueError("no symbol table, it was stripped")
    found: dict[int, tuple[int, str]] = {}
    for symbol in table.iter_symbols():
        entry = symbol.entry
        if entry["st_info"]["type"] == "STT_FUNC" and entry["st_shndx"] != "SHN_UNDEF" and symbol.name:
            start = entry["st_value"] & ~1
            # Of several names for one function the one with a size tells most.
            found[start] = max(found.get(start, (0, "")), (entry["st_size"], symbol.name))
    starts = sorted(found)
    # Functions in assembler may have no size: they reach to the next.
    behind = [*starts[1:], starts[-1] + 2**10] if starts else []
    return [
        (start, start + (found[start][0] or following - start), _printable(demangle(found[start][1])))
        for start, following in zip(starts, behind, strict=True)
    ]


def _line(dwarf: Any, address: int) -> tuple[str, int]:
    ranges = dwarf.get_aranges()
    offset = None if ranges is None else ranges.cu_offset_at_addr(address)
    units = dwarf.iter_CUs() if offset is None else [dwarf.get_CU_at(offset)]
    for unit in units:
        program = dwarf.line_program_for_CU(unit)
        if program is None:
            continue
        before = None
        for entry in program.get_entries():
            state = entry.state
            if state is None:
                continue
            if before is not None and before.address <= address < state.address:
                return _file_name(program, before.file), before.line
            before = None if state.end_sequence else state
    return "", 0


def _file_name(program: Any, number: int) -> str:
    header = program.header
    # Files and folders are counted from 0 since DWARF 5, from 1 before.
    modern = header.version >= 5
    file = header.file_entry[number if modern else number - 1]
    name = str(file.name.decode("utf-8", "replace"))
    # Folder 0 is the one that was compiled in.
    if file.dir_index == 0 or name.startswith("/"):
        return _printable(name)
    folder = header.include_directory[file.dir_index if modern else file.dir_index - 1]
    return _printable(f"{folder.decode('utf-8', 'replace')}/{name}")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
