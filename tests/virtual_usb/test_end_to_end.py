"""The loopback firmware on the emulated RP2040, flashed by picotool: nothing in this chain knows that it is virtual."""

from __future__ import annotations

import pytest
import serial

from harness.boards.emulator.availability import why_unavailable
from harness.flash.image import Image
from harness.flash.layout import FLASH_ADDRESS, PACK_ADDRESS
from harness.flash.pack import ModelPack
from harness.flash.uf2 import write_uf2
from harness.protocol.record import decode_record
from tests.support.firmware_images import load_image, why_no_image
from tests.virtual_usb.steps import at, values, wait_for_another_address

_REASON = why_unavailable() or why_no_image("loopback")
pytestmark = pytest.mark.skipif(_REASON is not None, reason=_REASON or "")

PACK = ModelPack([("one", b"TFLMLOOP" + bytes(100)), ("two", bytes(5000))])
SECONDS = 60.0


@pytest.fixture(scope="module")
def firmware():
    return load_image("loopback")


def image_file(folder, firmware, pack):
    path = folder / f"{pack.crc:08x}.uf2"
    path.write_bytes(Image(firmware.build, write_uf2(firmware.uf2), pack).uf2())
    return path


def identify(board):
    with serial.Serial(str(board.tty), timeout=SECONDS) as port:
        port.write(b"\nidentify #1\n")
        return decode_record(port.readline()[1:])


def test_flashes_a_blank_board_which_answers_and_flashes_it_again(bus, firmware, tmp_path):
    board = bus.plug("1-2")
    assert board.mode == "bootsel"
    for pack in (ModelPack(), PACK):
        image = image_file(tmp_path, firmware, pack)
        assert bus.picotool("load", "-v", "-x", image, *at(board)).returncode == 0
        board.wait("application", SECONDS)
        identity = identify(board)
        assert (identity["build"], identity["serial"]) == (firmware.build, board.unique_id)
        assert identity["pack_crc"] == f"{pack.crc:08x}"
        assert bus.picotool("reboot", "-u", "-f", *at(board)).returncode == 0
        board.wait("bootsel", SECONDS)
    place = PACK_ADDRESS - FLASH_ADDRESS
    assert board.flash[place : place + len(PACK.encode())] == PACK.encode()
    assert (board.counts.reset_requests, board.counts.reboots, board.counts.enumerations) == (2, 2, 5)


@pytest.fixture
def flashed(bus, firmware, tmp_path):
    """A board on which the firmware runs, and whose counts begin at 0."""
    board = bus.plug("1-2")
    assert bus.picotool("load", "-x", image_file(tmp_path, firmware, ModelPack())).returncode == 0
    board.wait("application", SECONDS)
    board.counts.clear()
    return board


def test_1200_baud_brings_the_firmware_to_bootsel(bus, flashed):
    with serial.Serial(str(flashed.tty), 1200):
        flashed.wait("bootsel", SECONDS)
    assert bus.picotool("reboot", *at(flashed)).returncode == 0
    flashed.wait("application", SECONDS)
    assert identify(flashed)["serial"] == flashed.unique_id
    assert not flashed.counts.flash_touched


def test_a_forced_load_needs_nothing_but_the_serial_number(bus, firmware, flashed, tmp_path):
    done = bus.picotool("load", "-v", "-x", image_file(tmp_path, firmware, PACK), "--ser", flashed.unique_id, "-f")
    assert done.returncode == 0
    flashed.wait("application", SECONDS)
    assert identify(flashed)["pack_crc"] == f"{PACK.crc:08x}"


def test_a_forced_load_leaves_the_drive_out(bus, flashed):
    assert bus.picotool("load", "missing.uf2", "-f").returncode == 252
    assert flashed.mode == "bootsel"
    assert values(bus.sysfs / "bus/usb/devices/1-2", "bNumInterfaces") == ("1",)


def test_what_the_application_writes_to_its_flash_is_there_in_bootsel(flashed):
    # In the emulated chip's place: whatever it has saved when it ends is the flash.
    changed = flashed.flash[:-1] + b"x"
    flashed._file.write_bytes(changed)
    flashed.press_bootsel()
    assert flashed.flash == changed


def test_the_firmware_restarts_under_the_same_name(bus, flashed):
    address = flashed.address
    with serial.Serial(str(flashed.tty), timeout=SECONDS) as port:
        port.write(b"\nreboot\n")
        assert decode_record(port.readline()[1:])["verb"] == "reboot"
        with pytest.raises((serial.SerialException, OSError)):
            port.read(1)
    wait_for_another_address(bus, flashed, address)
    assert identify(flashed)["serial"] == flashed.unique_id


def test_a_firmware_that_does_not_return(bus, flashed):
    flashed.faults.no_return_from_reset = True
    assert bus.picotool("reboot", "-f").returncode == 0
    flashed.wait("absent", SECONDS)
    with pytest.raises(TimeoutError):
        flashed.wait("application", 2)
    flashed.power_cycle()
    assert flashed.mode == "application"
