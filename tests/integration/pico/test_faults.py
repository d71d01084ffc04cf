"""Everything that can go wrong while the real picotool flashes: which error it is, how soon, and what is left."""

import tempfile
import time

import pytest
import serial

from harness.boards.pico import picotool as picotool_module
from harness.boards.pico.failures import (
    DeviceRefused,
    DriveBusy,
    NoReturn,
    NotVerified,
    PicotoolHung,
    Unplugged,
)
from harness.errors import BoardLost, BoardNotFound, FlashFailed, HarnessError, NoFirmware, NoPermission, WrongBoard
from harness.flash.pack import ModelPack
from tests.integration.pico.conftest import SERIAL

PACK = ModelPack([("a", b"TFL3" * 100), ("b", bytes(5000))])
PLACES = "plug the boards in as before"


@pytest.fixture
def plug(bus, old_flash):
    """A board with another firmware."""

    def plug_in(mode="application", **given):
        return bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy", mode=mode, **given)

    return plug_in


def answers(board, firmware):
    told = board.connect().identify()
    return (told.build, told.serial, told.pack_crc) == (firmware.build, SERIAL, f"{PACK.crc:08x}")


@pytest.mark.parametrize(
    ("mode", "fault", "value", "kind", "advice"),
    [
        ("application", "no_permission", True, NoPermission, "60-tflm-hil.rules"),
        ("bootsel", "no_permission", True, NoPermission, "60-tflm-hil.rules"),
        ("application", "no_return_from_reset", True, NoReturn, "hold BOOTSEL down"),
        ("bootsel", "no_return_from_reset", True, NoReturn, "the image was written and compared"),
        ("application", "return_mode", "application", NoReturn, "hold BOOTSEL down"),
        ("application", "return_mode", "bootsel", FlashFailed, "does not start"),
        ("bootsel", "unplug_during", "erase", Unplugged, "cable"),
        ("bootsel", "unplug_during", "write", Unplugged, "cable"),
        ("bootsel", "unplug_during", "verify", Unplugged, "cable"),
        ("bootsel", "bad_address", 0x10000123, NotVerified, "worn out"),
        ("bootsel", "bad_address", 0x10100023, NotVerified, "worn out"),
        ("bootsel", "drive_busy", True, DriveBusy, "RPI-RP2"),
        ("bootsel", "status", {"exclusive": 5}, DeviceRefused, "this image is for this board"),
        ("bootsel", "status", {"erase": 5}, DeviceRefused, "this image is for this board"),
        ("bootsel", "status", {"write": 5}, DeviceRefused, "this image is for this board"),
        ("bootsel", "status", {"read": 5}, DeviceRefused, "this image is for this board"),
        ("bootsel", "status", {"reboot": 5}, DeviceRefused, "this image is for this board"),
        ("bootsel", "erase_seconds", 5.0, PicotoolHung, "unplug the board"),
    ],
)
def test_each_fault_has_its_error_in_time_and_the_board_is_usable_after_it(
    open_pico, plug, firmware, quick, monkeypatch, mode, fault, value, kind, advice
):
    monkeypatch.setattr(picotool_module, "_LOAD_SECONDS", 3.0)
    pico = plug(mode)
    board = open_pico("1-2")
    setattr(pico.faults, fault, value)
    begin = time.monotonic()
    with pytest.raises(HarnessError) as caught:
        board.flash(board.image(PACK))
    assert type(caught.value) is kind, caught.value
    assert advice in caught.value.advice
    assert time.monotonic() - begin < 20
    pico.faults.clear()
    if pico.mode == "absent":
        with pytest.raises(BoardLost, match="does not come back; attached: no Pico"):
            board.recover()
    if pico.mode == "absent" or kind is PicotoolHung:
        # Somebody does what the error says.
        pico.power_cycle()
    board.flash(board.image(PACK))
    assert answers(board, firmware)


@pytest.mark.parametrize("raw", [False, True], ids=["image", "image of others"])
@pytest.mark.parametrize("mode", ["application", "bootsel"])
def test_another_chip_is_left_alone_and_named(open_pico, plug, quick, mode, raw):
    pico = plug(mode)
    board = open_pico("1-2")
    # One in BOOTSEL comes back as another after it has been flashed.
    pico.faults.return_chip = "rp2350"
    with pytest.raises(WrongBoard, match="USB port 1-2: RP2040 expected, RP2350 came") as caught:
        if raw:
            board.flash_raw(board.image(PACK).uf2())
        else:
            board.flash(board.image(PACK))
    assert (caught.value.expected, caught.value.came) == ("RP2040", "RP2350") and PLACES in caught.value.advice
    pico.counts.clear()
    for action in (board.recover, board.connect, board.to_bootsel, lambda: board.flash(board.image(PACK))):
        with pytest.raises(WrongBoard):
            action()
    assert not pico.counts.flash_touched and not pico.counts.reboots


@pytest.mark.parametrize(
    ("fault", "value"), [("erase_seconds", 0.1), ("write_seconds", 0.3), ("no_return_from_reset", 3.0)]
)
def test_what_is_only_slow_is_waited_for(open_pico, plug, firmware, fault, value):
    pico = plug()
    setattr(pico.faults, fault, value)
    board = open_pico("1-2")
    board.flash(board.image(PACK))
    assert answers(board, firmware)


def test_a_board_that_is_gone_is_not_waited_for_twice(open_pico, plug, quick):
    pico = plug()
    board = open_pico("1-2")
    pico.unplug()
    with pytest.raises(BoardNotFound, match="it is gone; attached: no Pico") as caught:
        board.flash(board.image(PACK))
    assert "hold BOOTSEL down" in caught.value.advice


def test_no_place_for_the_file(open_pico, plug, monkeypatch, tmp_path):
    pico = plug()
    board = open_pico("1-2")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(FlashFailed, match="a place for a file that picotool reads expected") as caught:
        board.flash(board.image(PACK))
    assert "TMPDIR" in caught.value.advice and pico.mode == "application"


# --- its serial port -------------------------------------------------------------------------------------------------


@pytest.fixture
def denied(monkeypatch):
    """No port can be opened from when it is called."""

    def deny(first=lambda: None):
        def refused(*_, **__):
            first()
            try:
                raise PermissionError(13, "Permission denied")
            except PermissionError as error:
                raise serial.SerialException(error.errno, f"could not open port: {error}") from None

        monkeypatch.setattr("harness.boards.pico.board._OPEN_SECONDS", 0.3)
        monkeypatch.setattr("serial.Serial", refused)

    return deny


def test_permission_of_the_serial_port(open_pico, plug, denied):
    plug()
    denied()
    with pytest.raises(NoPermission, match="permission to read and write expected"):
        open_pico("1-2").connect()


@pytest.mark.parametrize("raw", [False, True], ids=["image", "image of others"])
def test_permission_of_the_serial_port_after_flashing(open_pico, plug, denied, raw):
    """It is not the flashing that failed, and what is to be done is another thing."""
    plug("bootsel")
    denied()
    board = open_pico("1-2")
    with pytest.raises(NoPermission, match="permission to read and write expected") as caught:
        if raw:
            board.flash_raw(board.image(PACK).uf2())
        else:
            board.flash(board.image(PACK))
    assert "60-tflm-hil.rules" in caught.value.advice


def test_a_board_that_goes_into_bootsel_while_its_port_is_opened(open_pico, plug, denied):
    pico = plug()
    board = open_pico("1-2")
    denied(first=pico.press_bootsel)
    with pytest.raises(NoFirmware, match="BOOTSEL, RP2 Boot. came"):
        board.connect()
