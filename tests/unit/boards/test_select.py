"""From `--board` and `--firmware` to a board, without starting one."""

import subprocess
import sys
from types import ModuleType

import pytest

from harness.boards.select import Candidate, available, select
from harness.errors import BoardNotFound
from harness.flash.firmware import DEFAULT_PATH, FirmwareInvalid, FirmwareNotFound
from harness.flash.uf2 import RP2040, RP2350_ARM_S, Uf2, write_uf2

NOTE = bytes.fromhex("04000000 14000000 03000000") + b"GNU\0" + bytes(range(20))


class Board:
    """Stands where the emulated board's class is."""

    def __init__(self, firmware, name="emulator", directory=None):
        self.given = firmware
        self.name = name


@pytest.fixture
def emulator(monkeypatch):
    """An emulator that is installed."""
    monkeypatch.setattr("harness.boards.emulator.availability.why_unavailable", lambda: None)
    stand_in = ModuleType("harness.boards.emulator.board")
    stand_in.EmulatorBoard = Board
    monkeypatch.setitem(sys.modules, stand_in.__name__, stand_in)


@pytest.fixture
def built(tmp_path):
    """A root folder with a firmware."""
    path = tmp_path / DEFAULT_PATH
    path.parent.mkdir(parents=True)
    path.write_bytes(write_uf2(Uf2(RP2040, ((0x10000000, NOTE),))))
    return tmp_path


@pytest.mark.parametrize("name", ["emulator", "emulator-0", "emulator-17"])
def test_an_emulated_board_gets_its_name_and_the_firmware_that_is_built(emulator, built, name):
    board = select(name, root=built)
    assert board.name == name
    assert board.given.path == built / DEFAULT_PATH
    assert board.firmware is board.given, "crash reports need its symbols"


def test_the_firmware_that_is_named_counts_more(emulator, built, tmp_path):
    other = tmp_path / "other.uf2"
    other.write_bytes(write_uf2(Uf2(RP2040, ((0x10000000, b"more" + NOTE),))))
    assert select("emulator", firmware=other, root=built).given.path == other


def test_a_firmware_for_another_chip_is_refused(emulator, tmp_path):
    path = tmp_path / "pico2.uf2"
    path.write_bytes(write_uf2(Uf2(RP2350_ARM_S, ((0x10000000, NOTE),))))
    with pytest.raises(FirmwareInvalid, match="a firmware for RP2040 expected, one for RP2350 ARM-S came"):
        select("emulator", firmware=path)


def test_without_a_firmware_it_says_how_to_get_one(emulator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FirmwareNotFound, match="make firmware"):
        select("emulator")
    with pytest.raises(FirmwareNotFound, match=r"gone\.uf2"):
        select("emulator", firmware=tmp_path / "gone.uf2")
    [_, candidate] = available()
    assert (candidate.name, candidate.usable) == ("emulator", False)
    assert "make firmware" in candidate.about and "\n" not in candidate.about


def test_without_the_emulator_it_says_why(monkeypatch, built):
    monkeypatch.setattr("harness.boards.emulator.availability.why_unavailable", lambda: "rp2040py is not installed")
    with pytest.raises(BoardNotFound, match="no emulated board: rp2040py is not installed"):
        select("emulator", root=built)
    assert available(root=built)[1] == Candidate("emulator", False, "rp2040py is not installed")


def test_an_emulated_board_that_can_be_used_names_its_firmware(emulator, built):
    [_, candidate] = available(root=built)
    assert candidate.usable
    assert "firmware 0001020304050607" in candidate.about


@pytest.mark.parametrize("text", ["", "Host", "emulator-", "emulator-x", "emulator-1\n", "emulator-99999", "ttyX"])
def test_other_names_are_refused_with_those_that_there_are(text):
    with pytest.raises(BoardNotFound, match="no board is called .*; there is: host, emulator"):
        select(text)


def test_the_host_board_waits_for_nothing_that_it_does_not_need():
    """Starting up is benchmarked: neither the emulator nor what reads ELF files is imported for it."""
    script = (
        "import sys, harness.testing.runtime, harness.bench;"
        "print([n for n in sys.modules if n.startswith(('elftools', 'rp2040py', 'harness.crash', "
        "'harness.boards.emulator', 'harness.boards.pico', 'harness.flash.firmware', 'harness.flash.elf'))])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
