"""The flash chip's unique id, and the commands that change the flash."""

import pytest

from harness.boards.emulator.flash_window import FlashWindow

DATA = 0x60
OTHER = 0x28


class Ssi:
    """rp2040py's SSI: counts a command's bytes, and answers each with 0xFF."""

    name = "SSI"

    def __init__(self):
        self._tx_buffer = []
        self.fifo = []
        self.selected = False

    def select(self, selected):
        self.selected = selected
        self._tx_buffer.clear()
        if selected:
            self.fifo.clear()

    def write_uint32(self, offset, value):
        if offset == DATA:
            if self.selected:
                self._tx_buffer.append(value)
            self.fifo.append(0xFF)

    def write_uint32_atomic(self, offset, value, atomic_type):
        self.write_uint32(offset, value)

    def read_uint32(self, offset):
        return (self.fifo.pop(0) if self.fifo else 0) if offset == DATA else 6


UNIQUE = bytes(range(0xA0, 0xA8))


@pytest.fixture
def ssi():
    return Ssi()


@pytest.fixture
def window(ssi):
    return FlashWindow(ssi, UNIQUE)


def command(window, ssi, data, ahead):
    """Does what the boot ROM does: at most `ahead` bytes are on their way."""
    ssi.select(True)
    answer = []
    for sent, value in enumerate(data):
        window.write_uint32_atomic(DATA, value, 0)
        if sent + 1 - len(answer) >= ahead:
            answer.append(window.read_uint32(DATA))
    while len(answer) < len(data):
        answer.append(window.read_uint32(DATA))
    ssi.select(False)
    return bytes(answer)


@pytest.mark.parametrize("ahead", [1, 3, 14])
def test_the_unique_id_comes_after_four_dummy_bytes(window, ssi, ahead):
    for _ in range(2):
        assert command(window, ssi, [0x4B] + [0] * 12, ahead)[5:] == UNIQUE
    assert not window.changed


def test_other_commands_are_not_touched(window, ssi):
    assert command(window, ssi, [0x9F, 0, 0, 0], 2) == b"\xff" * 4
    assert window.read_uint32(OTHER) == 6
    assert command(window, ssi, [0x4B] + [0] * 14, 2)[13:] == b"\xff\xff"


def test_an_answer_that_was_not_read_is_forgotten(window, ssi):
    ssi.select(True)
    for value in [0x4B] + [0] * 8:
        window.write_uint32(DATA, value)
    ssi.select(False)
    assert command(window, ssi, [0x05, 0], 1) == b"\xff\xff"


def test_bytes_without_chip_select_are_no_command(window, ssi):
    window.write_uint32(DATA, 0x4B)
    window.write_uint32(DATA, 0x20)
    assert window.read_uint32(DATA) == 0xFF
    assert not window.changed


@pytest.mark.parametrize(("opcode", "changes"), [(0x02, True), (0x20, True), (0xD8, True), (0x03, False)])
def test_notices_what_changes_the_flash(window, ssi, opcode, changes):
    command(window, ssi, [opcode, 0, 0x20, 0x02], 4)
    assert window.changed == changes


def test_everything_else_is_rp2040pys(window):
    assert window.name == "SSI"
