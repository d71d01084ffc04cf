"""The emulated board's flash as a file."""

import pytest

from harness.boards.emulator.flash_file import FlashFile, programmed
from harness.errors import FlashFailed
from harness.flash.layout import FLASH_ADDRESS, FLASH_BYTES, SECTOR_BYTES
from harness.flash.uf2 import RP2040, RP2350_ARM_S, Uf2, Uf2Invalid

ERASED = b"\xff" * FLASH_BYTES


@pytest.fixture
def file(tmp_path):
    return FlashFile(tmp_path / "emulator-0.flash")


def test_a_flash_that_was_never_written_is_erased(file):
    assert file.read() == ERASED


def test_keeps_what_was_written(file):
    data = bytes(range(256)) * (FLASH_BYTES // 256)
    file.write(data)
    assert FlashFile(file.path).read() == data
    assert list(file.path.parent.iterdir()) == [file.path]


def test_programming_erases_the_sectors_that_it_touches_and_no_others():
    before = bytes(FLASH_BYTES)
    uf2 = Uf2(RP2040, ((FLASH_ADDRESS + SECTOR_BYTES + 256, b"a" * 256), (FLASH_ADDRESS + 3 * SECTOR_BYTES - 1, b"bc")))
    after = programmed(before, uf2)
    assert len(after) == FLASH_BYTES
    assert after[:SECTOR_BYTES] == bytes(SECTOR_BYTES)
    expected = bytearray(b"\xff" * 3 * SECTOR_BYTES)
    expected[256:512] = b"a" * 256
    expected[2 * SECTOR_BYTES - 1 : 2 * SECTOR_BYTES + 1] = b"bc"
    assert after[SECTOR_BYTES : 4 * SECTOR_BYTES] == expected
    assert after[4 * SECTOR_BYTES :] == bytes(FLASH_BYTES - 4 * SECTOR_BYTES)


def test_two_pieces_in_one_sector_are_both_there():
    uf2 = Uf2(RP2040, ((FLASH_ADDRESS, b"a"), (FLASH_ADDRESS + 100, b"b")))
    after = programmed(ERASED, uf2)
    assert (after[:1], after[100:101]) == (b"a", b"b")


@pytest.mark.parametrize(
    "uf2",
    [
        Uf2(RP2350_ARM_S, ((FLASH_ADDRESS, b"a"),)),
        Uf2(RP2040, ((FLASH_ADDRESS - 256, b"a"),)),
        Uf2(RP2040, ((0x20000000, b"a"),)),
        Uf2(RP2040, ((FLASH_ADDRESS + FLASH_BYTES - 1, b"ab"),)),
    ],
)
def test_refuses_what_is_not_for_this_flash(uf2, file):
    with pytest.raises(Uf2Invalid, match="expected"):
        file.program(uf2)
    assert not file.path.exists()


def test_programs_the_last_byte(file):
    file.program(Uf2(RP2040, ((FLASH_ADDRESS + FLASH_BYTES - 1, b"z"),)))
    assert file.read()[-2:] == b"\xffz"


def test_a_file_of_another_size_is_refused(file):
    file.path.write_bytes(b"short")
    with pytest.raises(FlashFailed, match="2,097,152 bytes expected, 5 came") as caught:
        file.read()
    assert str(file.path) in caught.value.advice


def test_a_failed_write_leaves_the_old_content(file):
    file.write(ERASED)
    file.path.with_suffix(".new").mkdir()
    with pytest.raises(FlashFailed, match="cannot be written"):
        file.write(bytes(FLASH_BYTES))
    assert file.read() == ERASED
