"""A firmware and its build id, from made-up bytes and, where there is a compiler, from a linked file."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import FlashFailed
from harness.flash.elf import ElfInvalid, read_elf_segments
from harness.flash.firmware import FirmwareInvalid, FirmwareNotFound, find_firmware, load_firmware
from harness.flash.make_uf2 import OutsideFlash, convert, main
from harness.flash.uf2 import RP2040, RP2350_ARM_S, Uf2, Uf2Invalid, read_uf2, write_uf2
from tests.support import arm_elf

FLASH = 0x10000000
NOTE = bytes.fromhex("04000000 14000000 03000000") + b"GNU\0"
SHA1 = bytes(range(0x10, 0x24))
ROOT = Path(__file__).parents[3]


@pytest.fixture
def compiled():
    reason = arm_elf.why_not()
    if reason is not None:
        pytest.skip(reason)


def elf(*segments, machine=40, entry_size=32, ident=b"\x7fELF\x01\x01\x01", count=None, cut=0):
    """An ELF file of loadable segments, by the specification."""
    table = 52
    place = table + 32 * len(segments)
    head = ident.ljust(16, b"\0") + b"\x02\0" + machine.to_bytes(2, "little") + (1).to_bytes(4, "little")
    head += bytes(4) + table.to_bytes(4, "little") + bytes(4) + bytes(4) + b"\x34\0"
    number = len(segments) if count is None else count
    head += entry_size.to_bytes(2, "little") + number.to_bytes(2, "little") + bytes(6)
    headers = body = b""
    for address, data, *kind in segments:
        words = (kind[0] if kind else 1, place + len(body), 0x20000000, address, len(data), len(data), 5, 4)
        headers += b"".join(word.to_bytes(4, "little") for word in words)
        body += data
    return (head + headers + body)[: -cut or None]


def firmware(path, content=b"boot" + NOTE + SHA1, address=FLASH):
    path.write_bytes(write_uf2(Uf2(RP2040, ((address, content),))))
    return path


# --- the build id ----------------------------------------------------------------------------------------------------


def test_the_build_is_the_first_16_digits_of_the_build_id(tmp_path):
    found = load_firmware(firmware(tmp_path / "f.uf2"))
    assert found.build == "1011121314151617"
    assert found.path == tmp_path / "f.uf2"
    assert found.uf2 == read_uf2((tmp_path / "f.uf2").read_bytes())


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"nothing here", 0),
        (b"x" + NOTE + SHA1, 0),
        (NOTE + SHA1 + NOTE + SHA1[::-1], 2),
        (bytes(256 - len(NOTE)) + NOTE, 0),
    ],
)
def test_without_exactly_one_build_id_it_cannot_be_used(tmp_path, content, count):
    # Not padded by a following page, so that a note can stand at the very end.
    path = firmware(tmp_path / "f.uf2", content)
    with pytest.raises(FirmwareInvalid, match=f"one GNU build id in flash expected, {count} came") as caught:
        load_firmware(path)
    assert "make firmware" in caught.value.advice


def test_a_file_that_is_none(tmp_path):
    (tmp_path / "f.uf2").write_text("text")
    with pytest.raises(Uf2Invalid, match="begins with b'text'"):
        load_firmware(tmp_path / "f.uf2")
    with pytest.raises(FirmwareNotFound, match="cannot be read: Is a directory"):
        load_firmware(tmp_path)


# --- where it is -----------------------------------------------------------------------------------------------------


def test_it_lies_where_the_build_leaves_it_or_where_the_option_says(tmp_path):
    with pytest.raises(FirmwareNotFound, match=r"build/firmware/pico-tflm/tflm_bench\.uf2") as caught:
        find_firmware(None, tmp_path)
    assert "make firmware" in caught.value.advice and "--firmware" in caught.value.advice
    assert isinstance(caught.value, FlashFailed)
    folder = tmp_path / "build" / "firmware" / "pico-tflm"
    folder.mkdir(parents=True)
    built = firmware(folder / "tflm_bench.uf2")
    assert find_firmware(None, tmp_path).path == built
    other = firmware(tmp_path / "other.uf2", NOTE + SHA1[::-1])
    assert find_firmware(other, tmp_path).build == "232221201f1e1d1c"
    with pytest.raises(FirmwareNotFound, match="gone.uf2 expected"):
        find_firmware(tmp_path / "gone.uf2", tmp_path)


# --- the ELF file beside it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "f.elf cannot be read: No such file"),
        (b"text", "f.elf: ELF: a 32-bit little-endian file expected, 4 bytes came"),
        (elf((FLASH, NOTE + SHA1[::-1])), "build 1011121314151617 expected as in the UF2 beside it, 232221201f1e1d1c"),
        (elf((FLASH, b"stripped")), "none came"),
    ],
)
def test_an_elf_file_of_another_build_is_not_used_and_says_why(tmp_path, content, words):
    if content is not None:
        (tmp_path / "f.elf").write_bytes(content)
    found = load_firmware(firmware(tmp_path / "f.uf2"))
    assert found.elf is None
    assert words in found.elf_problem


def test_the_elf_file_of_the_same_build_is_used(tmp_path):
    (tmp_path / "f.elf").write_bytes(elf((FLASH, b"boot" + NOTE + SHA1)))
    found = load_firmware(firmware(tmp_path / "f.uf2"))
    assert (found.elf, found.elf_problem) == (tmp_path / "f.elf", None)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "0 bytes came"),
        (b"\x7fELF", "4 bytes came"),
        (elf((FLASH, b"x"), ident=b"\x7fELF\x02\x01\x01"), "a 32-bit little-endian file expected"),
        (elf((FLASH, b"x"), machine=62), r"machine 40 \(ARM\) expected, 62 came"),
        (elf((FLASH, b"x"), entry_size=31), "program headers of 32 bytes expected, of 31 came"),
        (elf((FLASH, b"x"), count=9), "9 program headers at 52 expected, the file has"),
        (elf((FLASH, b"xyz"), cut=1), "segment 0: 3 bytes at 84 expected.*truncated"),
        (elf((FLASH, b"x", 4)), "at least one loadable segment expected, none came"),
        (elf(), "at least one loadable segment"),
    ],
)
def test_a_damaged_elf_file_is_refused(data, words):
    with pytest.raises(ElfInvalid, match=words):
        read_elf_segments(data)


@given(st.data())
def test_whatever_comes_it_is_read_or_refused(data):
    bad = bytearray(elf((FLASH, b"boot"), (FLASH + 64, b"data")))
    for _ in range(data.draw(st.integers(1, 4))):
        bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ElfInvalid):
        assert sum(len(piece) for _, piece in read_elf_segments(bytes(bad))) <= 2 * len(bad)


# --- from ELF to UF2 -------------------------------------------------------------------------------------------------


def test_an_elf_file_becomes_a_uf2_by_its_load_addresses():
    made = read_uf2(convert(elf((FLASH, b"text"), (FLASH + 4, b"data"), (FLASH, b"note", 4)), "rp2040"))
    assert made.family == RP2040
    assert made.segments == ((FLASH, b"textdata" + b"\xff" * 248),)
    assert read_uf2(convert(elf((FLASH, b"text")), "rp2350")).family == RP2350_ARM_S


@pytest.mark.parametrize(
    ("data", "family", "words"),
    [
        (elf((0x20000000, b"data")), "rp2040", "from 0x10000000 to 0x10200000 expected for rp2040, 4 at 0x20000000"),
        (elf((FLASH - 1, b"xy")), "rp2040", "2 at 0x0fffffff came"),
        (elf((FLASH + 2 * 1024 * 1024 - 1, b"xy")), "rp2040", "2 at 0x101fffff came"),
        (elf((FLASH + 4 * 1024 * 1024, b"x")), "rp2350", "to 0x10400000 expected for rp2350"),
    ],
)
def test_nothing_outside_of_flash_is_put_in(data, family, words):
    with pytest.raises(OutsideFlash, match=words):
        convert(data, family)


def test_the_program_as_the_build_runs_it(tmp_path):
    (tmp_path / "f.elf").write_bytes(elf((FLASH, b"boot" + NOTE + SHA1)))
    command = [sys.executable, "-m", "harness.flash.make_uf2"]
    # In isolation from what is installed: the build may run it with any Python.
    bare = [sys.executable, "-S", *command[1:]]
    done = subprocess.run(
        [*bare, str(tmp_path / "f.elf"), str(tmp_path / "f.uf2")], cwd=ROOT, timeout=60, text=True, capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert load_firmware(tmp_path / "f.uf2").elf == tmp_path / "f.elf"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.elf", "f.uf2"]


def test_its_errors_are_one_line(tmp_path, capsys):
    missing = tmp_path / "missing.elf"
    assert main([str(missing), str(tmp_path / "f.uf2")]) == 1
    said = capsys.readouterr()
    assert said.err == f"make_uf2: {missing}: No such file or directory\n"
    broken = tmp_path / "broken.elf"
    broken.write_bytes(elf((FLASH, b"xyz"), cut=2))
    assert main([str(broken), str(tmp_path / "f.uf2")]) == 1
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and "truncated" in said.err and "make firmware" in said.err
    empty = tmp_path / "empty.bin"
    empty.write_bytes(b"")
    assert main([str(empty), str(tmp_path / "f.uf2")]) == 1
    assert "at least one segment expected" in capsys.readouterr().err
    assert main([str(broken), str(tmp_path / "no" / "f.uf2")]) == 1
    assert not (tmp_path / "f.uf2").exists()


def test_a_raw_binary_goes_where_it_is_told(tmp_path):
    (tmp_path / "f.bin").write_bytes(b"raw")
    assert main([str(tmp_path / "f.bin"), str(tmp_path / "f.uf2"), "--address", "0x10100000"]) == 0
    assert read_uf2((tmp_path / "f.uf2").read_bytes()).segments == ((0x10100000, b"raw" + b"\xff" * 253),)


def test_what_the_linker_makes(tmp_path, compiled):
    path = arm_elf.build(tmp_path)
    assert main([str(path), str(tmp_path / "tiny.uf2")]) == 0
    found = load_firmware(tmp_path / "tiny.uf2")
    assert found.elf == path
    notes = subprocess.run(["arm-none-eabi-readelf", "-n", str(path)], capture_output=True, text=True, timeout=60)
    assert f"Build ID: {found.build}" in notes.stdout
    # Data of RAM lie behind the code, and nothing of .bss.
    raw = tmp_path / "tiny.bin"
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", str(path), str(raw)], check=True, timeout=60)
    [(address, data)] = found.uf2.segments
    assert address == FLASH
    assert data.startswith(raw.read_bytes())
