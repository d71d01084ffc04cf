"""The chip in BOOTSEL, command by command, as the datasheets have it."""

from __future__ import annotations

import struct

import pytest

from tests.virtual_usb import Counts, Faults, errors, picoboot
from tests.virtual_usb.chips import CHIPS, VENDOR
from tests.virtual_usb.descriptors import PICOBOOT_IN, PICOBOOT_OUT, bootsel
from tests.virtual_usb.errors import UsbError

FLASH = 0x10000000
RAM = 0x20000000
UNIQUE_ID = bytes.fromhex("E6614103E7452D2F")
STATUS, RESET = 0x42, 0x41


class Chip:
    """A chip in BOOTSEL and the host's end of its cable."""

    def __init__(self, kind="rp2040"):
        chip = CHIPS[kind]
        self.flash = bytearray(b"\xff" * chip.flash_bytes)
        self.faults, self.counts, self.restarts = Faults(), Counts(), []
        identity = bootsel(VENDOR, chip.bootsel, chip.bootsel_product, "1", msc=True)
        self.device = picoboot.BootselDevice(1, 1, 2, identity, node=None, wait=lambda seconds: None)
        self.device.boot(
            picoboot.Body(
                chip=chip,
                unique_id=UNIQUE_ID,
                flash=self.flash,
                faults=self.faults,
                counts=self.counts,
                restart=lambda *how: self.restarts.append(how),
                unplug=lambda: None,
            )
        )

    def send(self, number, arguments=b"", length=0, size=None, magic=0x431FD10B):
        size = len(arguments) if size is None else size
        command = struct.pack("<IIBBHI", magic, 7, number, size, 0, length) + arguments.ljust(16, b"\0")
        self.device.bulk_out(PICOBOOT_OUT, command, 1)

    def do(self, number, *words, data=b"", wanted=0):
        """A command from its beginning to its end."""
        self.send(number, struct.pack(f"<{len(words)}I", *words), len(data) or wanted)
        if data:
            self.device.bulk_out(PICOBOOT_OUT, data, 1)
        if number & 0x80:
            came = self.device.bulk_in(PICOBOOT_IN, wanted, 1)
            self.device.bulk_out(PICOBOOT_OUT, b"x", 1)
            return came
        return self.device.bulk_in(PICOBOOT_IN, 1, 1)

    def erase(self, address, size):
        self.do(0x03, address, size)

    def write(self, address, data):
        self.do(0x05, address, len(data), data=data)

    def read(self, address, size):
        return self.do(0x84, address, size, wanted=size)

    def status(self):
        return struct.unpack("<IIB7x", self.device.control(0xC1, STATUS, 0, 1, b"", 16))

    def refuses(self, status, act, *given):
        """Whether a command stalls the endpoints with this status, until they are reset."""
        with pytest.raises(UsbError) as raised:
            act(*given)
        assert raised.value.code == errors.PIPE
        assert self.status()[1] == status
        assert self.device.halted(PICOBOOT_IN) and self.device.halted(PICOBOOT_OUT)
        self.device.control(0x41, RESET, 0, 1, b"", 0)
        assert not self.device.halted(PICOBOOT_IN)
        self.do(0x06)
        return True


@pytest.fixture
def chip():
    return Chip()


def test_programming_clears_bits_and_sets_none(chip):
    chip.write(FLASH, b"\xf0" * 256)
    chip.write(FLASH, b"\x3c" * 256)
    assert chip.flash[:256] == b"\x30" * 256
    assert chip.counts.programmed_pages == 2


def test_erasing_sets_whole_sectors(chip):
    chip.flash[:] = bytes(len(chip.flash))
    chip.erase(FLASH + 4096, 8192)
    assert chip.flash[4095:4097] == b"\x00\xff"
    assert chip.flash[3 * 4096 - 1 : 3 * 4096 + 1] == b"\xff\x00"
    assert chip.counts.erased_sectors == 2


def test_a_flash_that_is_smaller_than_its_window_repeats_itself(chip):
    chip.write(FLASH, b"a" * 256)
    assert chip.read(FLASH + len(chip.flash), 256) == b"a" * 256
    assert chip.read(FLASH + len(chip.flash) - 4, 8) == b"\xff" * 4 + b"aaaa"


def test_memory_is_memory(chip):
    chip.write(RAM + 1, b"abc")
    assert chip.read(RAM, 5) == b"\0abc\0"
    assert not chip.counts.flash_touched


def test_what_the_chip_refuses(chip):
    assert chip.refuses(picoboot.BAD_ALIGNMENT, chip.erase, FLASH + 256, 4096)
    assert chip.refuses(picoboot.BAD_ALIGNMENT, chip.erase, FLASH, 256)
    assert chip.refuses(picoboot.INVALID_ADDRESS, chip.erase, RAM, 4096)
    assert chip.refuses(picoboot.BAD_ALIGNMENT, chip.write, FLASH + 1, bytes(256))
    assert chip.refuses(picoboot.INVALID_ADDRESS, chip.write, 0, bytes(4))
    assert chip.refuses(picoboot.INVALID_ADDRESS, chip.read, 0x30000000, 4)
    assert chip.refuses(picoboot.INVALID_ADDRESS, chip.read, RAM + 264 * 1024 - 2, 4)
    assert not chip.counts.flash_touched


def test_commands_that_are_none(chip):
    def begin(*given, **more):
        chip.send(*given, **more)
        chip.device.bulk_in(PICOBOOT_IN, 1, 1)

    assert chip.refuses(picoboot.UNKNOWN_COMMAND, lambda: begin(0x06, magic=1))
    assert chip.refuses(picoboot.UNKNOWN_COMMAND, begin, 0x7F)
    assert chip.refuses(picoboot.UNKNOWN_COMMAND, begin, 0x0A, bytes(16))
    assert chip.refuses(picoboot.INVALID_COMMAND_LENGTH, begin, 0x03, bytes(4))
    chip.device.bulk_out(PICOBOOT_OUT, b"short", 1)
    assert chip.device.halted(PICOBOOT_OUT)


def test_the_status_is_that_of_the_last_command(chip):
    chip.erase(FLASH, 4096)
    assert chip.status() == (7, picoboot.OK, 0x03)


def test_an_answer_that_nobody_has_asked_for_does_not_come(chip):
    with pytest.raises(UsbError) as raised:
        chip.device.bulk_in(PICOBOOT_IN, 1, 0.01)
    assert raised.value.code == errors.TIMEOUT


def test_reboots(chip):
    chip.do(0x02, 0, 0x20042000, 500)
    assert chip.restarts == [("application", 0.5, 0)]
    assert chip.refuses(picoboot.INVALID_ADDRESS, chip.do, 0x02, RAM, 0x20042000, 500)
    other = Chip("rp2350")
    other.do(0x0A, 2, 100, 0, 0)
    other.do(0x0A, 0, 100, 0, 0)
    assert other.restarts == [("bootsel", 0.1, 0), ("application", 0.1, 0)]


def test_unknown_code_is_not_run(chip):
    chip.write(RAM, bytes(16))
    assert chip.refuses(picoboot.UNKNOWN_ERROR, chip.do, 0x08, RAM)


def test_a_request_to_another_interface_is_refused(chip):
    with pytest.raises(UsbError):
        chip.device.control(0xC1, STATUS, 0, 0, b"", 16)


def test_an_rp2350_tells_of_itself():
    chip = Chip("rp2350")
    words = struct.unpack("<7I", chip.do(0x8B, 1, 0x0B, 0, 0, wanted=256)[:28])
    assert words == (6, 0x0B, 1, 0xE7452D2F, 0xE6614103, 0, 0)
    assert struct.unpack("<IIII", chip.do(0x8B, 3, 0xE48BFF56, 0, 0, wanted=256)[:16])[:2] == (3, 0xFFFFFFFF)
