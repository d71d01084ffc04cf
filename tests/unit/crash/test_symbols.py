"""Names for addresses, against what the compiler's own tools say of the same file."""

import random
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.crash.symbols import Place, Symbols, _line
from tests.support import arm_elf

INNER = "bench::(anonymous namespace)::inner(int)"
OUTER = "bench::Box<int>::outer(int)"
REASON = arm_elf.why_not()
compiled = pytest.mark.skipif(REASON is not None, reason=str(REASON))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("elf")


@pytest.fixture(scope="module")
def elf(folder):
    return arm_elf.build(folder)


def test_a_place_in_words():
    assert str(Place("Eval", 4, "lstm.cc", 12)) == "Eval (lstm.cc:12)"
    assert str(Place("Eval", 4)) == "Eval (+0x4)"


def test_without_a_file_there_is_a_reason_and_no_name():
    symbols = Symbols(None, "nobody knows")
    assert symbols.place(0x10000000) is None
    assert symbols.problem == "nobody knows"


def test_the_boot_rom_is_known_without_any_file():
    assert str(Symbols(None, "-").place(0x101)) == "boot ROM (+0x100)"
    assert Symbols(None, "-").place(0, is_return=True) is None


# --- a good file -----------------------------------------------------------------------------------------------------


@compiled
@pytest.mark.parametrize("standard", ["-gdwarf-5", "-gdwarf-4", "-gdwarf-3"])
def test_every_instruction_has_the_line_that_the_compilers_tool_says(folder, standard):
    elf = arm_elf.build(folder, standard, name=standard.strip("-").replace("-", ""))
    symbols = Symbols(elf)
    names = arm_elf.addresses(elf)
    code = range(0x10000000, names[OUTER] + 8, 2)
    command = ["arm-none-eabi-addr2line", "-e", str(elf), *map(hex, code)]
    told = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout.splitlines()
    assert len(told) == len(code) > 20
    for address, line in zip(code, told, strict=True):
        place = symbols.place(address)
        assert f"{place.file}:{place.line}" == Path(line.split(" (")[0]).name, hex(address)
    assert symbols.problem is None


@compiled
def test_functions_begin_and_end_where_they_do(elf):
    symbols, names = Symbols(elf), arm_elf.addresses(elf)
    assert symbols.place(names[INNER]).function == "bench::(anonymous namespace)::inner"
    assert symbols.place(names[INNER] | 1) == symbols.place(names[INNER]), "the Thumb bit"
    assert symbols.place(names[INNER] + 2).offset == 2
    assert symbols.place(names["reset"]).function == "reset"
    # Behind the last function, before the first, in data, and what the core puts into lr in an exception.
    for nowhere in (0x10000064, 0x0FFFFFFE, names["zeros"], 0xFFFFFFF9, 0xFFFFFFFF):
        assert symbols.place(nowhere) is None


@compiled
def test_a_return_address_is_that_of_the_call_before_it(elf):
    symbols, names = Symbols(elf), arm_elf.addresses(elf)
    assert symbols.place(names[OUTER], is_return=False).function == "bench::Box<...>::outer"
    # A call that does not come back is a function's last instruction: what follows is another function.
    assert symbols.place(names[OUTER], is_return=True).function == "bench::(anonymous namespace)::inner"


def test_between_two_pieces_of_code_there_is_no_line():
    """Where a file has no table of address ranges every unit is looked through, those of other functions too."""

    def row(address, line, end=False):
        return SimpleNamespace(state=SimpleNamespace(address=address, line=line, file=0, end_sequence=end))

    rows = [row(0x10, 1), row(0x20, 2), row(0x30, 2, end=True), row(0x50, 3), row(0x60, 3, end=True)]
    file = SimpleNamespace(name=b"a.cc", dir_index=0)
    header = SimpleNamespace(version=5, file_entry=[file])
    program = SimpleNamespace(header=header, get_entries=lambda: [SimpleNamespace(state=None), *rows])
    programs = [None, program]
    dwarf = SimpleNamespace(
        get_aranges=lambda: None, iter_CUs=lambda: range(2), line_program_for_CU=lambda number: programs[number]
    )
    assert [_line(dwarf, address) for address in (0x0E, 0x10, 0x2E, 0x30, 0x4E, 0x50, 0x60)] == [
        ("", 0), ("a.cc", 1), ("a.cc", 2), ("", 0), ("", 0), ("a.cc", 3), ("", 0),
    ]  # fmt: skip


# --- files that are not so good --------------------------------------------------------------------------------------


@compiled
def test_without_debug_information_there_are_functions_and_a_reason(folder):
    symbols = Symbols(arm_elf.build(folder, "-g0", name="plain"))
    assert str(symbols.place(0x10000002)) == "reset (+0x2)"
    assert "no debug information" in symbols.problem


@compiled
def test_a_stripped_file_names_nothing_and_says_so(folder):
    symbols = Symbols(arm_elf.build(folder, "-s", name="stripped"))
    assert symbols.place(0x10000002) is None
    assert "it was stripped" in symbols.problem


@pytest.mark.parametrize("content", [None, b"", b"text", b"\x7fELF", b"\x7fELF\x01\x01\x01" + bytes(200)])
def test_what_is_no_elf_file_names_nothing_and_says_so(tmp_path, content):
    path = tmp_path / "f.elf"
    if content is not None:
        path.write_bytes(content)
    symbols = Symbols(path)
    assert symbols.place(0x10000000) is None
    assert symbols.problem.startswith(f"{path} cannot be read: ")
    assert "\n" not in symbols.problem


@compiled
@pytest.mark.parametrize("seed", range(60))
def test_damage_is_a_reason_and_never_a_traceback(elf, tmp_path, seed):
    dice = random.Random(seed)
    data = bytearray(elf.read_bytes())
    if seed % 3 == 0:
        del data[dice.randrange(52, len(data)) :]
    else:
        for _ in range(200):
            data[dice.randrange(7, len(data))] = dice.randrange(256)
    path = tmp_path / "damaged.elf"
    path.write_bytes(data)
    symbols = Symbols(path)
    for address in range(0x10000000, 0x10000060, 6):
        place = symbols.place(address)
        assert place is None or str(place).isprintable()
    if symbols.problem is not None:
        assert str(path) in symbols.problem and "\n" not in symbols.problem
