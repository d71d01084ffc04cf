"""A board that is brought back, rung by rung, over the virtual USB and by the real picotool."""

import errno
import sys
import threading
import time
from contextlib import contextmanager

import pytest
import serial

from harness.bench import Bench
from harness.boards.pico.inventory import Entry, Inventory, Power
from harness.boards.pico.usb import Mode
from harness.errors import BoardLost, BoardNotFound, NoFirmware, NoPermission
from harness.flash.firmware import load_firmware
from harness.flash.pack import ModelPack
from harness.flash.uf2 import RP2350_ARM_S
from harness.models.library import ModelLibrary
from harness.protocol.client import Client
from tests.integration.conftest import MODELS
from tests.integration.pico.conftest import SERIAL, firmware_file


@pytest.fixture
def pico(bus, old_flash):
    """A board with another firmware."""
    return bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy")


@pytest.fixture
def impatient(quick, monkeypatch):
    """A firmware that does not answer is asked less long, too."""
    monkeypatch.setattr("harness.boards.pico.board._PING_SECONDS", 0.5)
    monkeypatch.setattr("harness.boards.pico.board._REBOOT_SECONDS", 0.5)


@contextmanager
def when(happened, then):
    """Does something in another thread once a thing has happened."""
    over = threading.Event()

    def watch():
        while not over.wait(0.01):
            if happened():
                then()
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_hung_firmware_is_brought_back_under_another_node(open_pico, pico):
    board = open_pico("1-2")
    board.connect()
    pico.dummy_silent = True
    done = threading.Timer(1.0, setattr, (pico, "dummy_silent", False))
    done.start()
    pico_reboots = pico.counts.reset_requests
    board.recover()
    done.join()
    assert pico.counts.reset_requests > pico_reboots
    assert board.connect().identify().serial == SERIAL


def test_a_port_that_comes_back_under_another_name(bus, open_pico, pico):
    board = open_pico(str(pico.tty))
    board.connect().ping()
    holder = (pico.tty).open("rb")
    before = pico.tty
    pico.power_cycle()
    assert pico.tty != before
    assert board.connect().identify().serial == SERIAL
    holder.close()


def test_bootsel_by_hand_is_left_again(open_pico, pico):
    board = open_pico("1-2")
    pico.press_bootsel()
    with pytest.raises(NoFirmware):
        board.connect()
    board.recover()
    assert board.connect().identify().serial == SERIAL


def test_an_unplugged_board_is_lost_in_time_and_told(open_pico, pico, quick):
    board = open_pico("1-2")
    pico.unplug()
    begin = time.monotonic()
    with pytest.raises(BoardNotFound, match=r"a serial port within 1\.5 s expected, none came; attached: no Pico"):
        board.connect()
    with pytest.raises(BoardLost, match="does not come back") as caught:
        board.recover()
    assert time.monotonic() - begin < 20
    assert caught.value.tried and "unplug the board" in caught.value.advice
    said = "\n".join(board.log.newest(20))
    assert "(pico) recovery: reboot command: " in said and "(pico) recovery: power: " in said
    pico.replug()
    assert board.connect().identify().serial == SERIAL


def test_a_crashed_firmware_without_reset_interface_is_restarted_by_1200_baud(bus, open_pico, old_flash, impatient):
    pico = bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy", reset_interface=False)
    board = open_pico("1-2")
    pico.dummy_silent = True
    with when(lambda: pico.mode == "bootsel", lambda: setattr(pico, "dummy_silent", False)):
        board.recover()
    assert pico.counts.touches == 1 and pico.mode == "application"
    assert board.connect().identify().serial == SERIAL


@pytest.mark.parametrize("flash", ["auto", "never"])
def test_a_board_that_hangs_when_a_run_begins_is_brought_back(open_pico, pico, impatient, flash):
    board = open_pico("1-2")
    Bench(board, ModelLibrary([])).prepare()
    board.close()
    pico.counts.clear()
    pico.dummy_silent = True
    bench = Bench(open_pico("1-2"), ModelLibrary([]), flash=flash)
    with when(lambda: pico.counts.reset_requests, lambda: setattr(pico, "dummy_silent", False)):
        bench.prepare()
    assert bench.identity.serial == SERIAL
    assert flash == "auto" or not pico.counts.flash_touched


def test_a_port_that_goes_once_when_a_run_begins_is_asked_again(open_pico, pico, impatient, monkeypatch):
    board = open_pico("1-2")
    Bench(board, ModelLibrary([])).prepare()
    board.close()
    identify, gone = Client.identify, []

    def goes(self, **given):
        if not gone:
            gone.append(pico.power_cycle())
        return identify(self, **given)

    monkeypatch.setattr(Client, "identify", goes)
    bench = Bench(open_pico("1-2"), ModelLibrary([]), flash="never")
    bench.prepare()
    assert bench.identity.serial == SERIAL and gone


def test_a_board_without_a_serial_port_is_flashed_through_its_reset_interface(open_pico, pico, impatient, firmware):
    pico.tty.unlink()
    board = open_pico("1-2")
    with pytest.raises(BoardNotFound, match="a serial port within") as caught:
        board.connect()
    assert "flash it" in caught.value.advice
    board.flash(board.image(ModelPack()))
    assert board.connect().identify().build == firmware.build


def test_who_may_not_open_the_port_for_1200_baud_is_told_so(bus, open_pico, old_flash, impatient, monkeypatch):
    foreign = {"usb_id": (0x2E8A, 0x0005), "reset_interface": False}
    bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy", **foreign)

    def refused(*given, **options):
        raise serial.SerialException(errno.EACCES, "Permission denied")

    monkeypatch.setattr("harness.boards.pico.recovery.serial.Serial", refused)
    with pytest.raises(NoPermission, match="permission to read and write expected") as caught:
        open_pico("1-2").to_bootsel()
    assert "60-tflm-hil.rules" in caught.value.advice


@pytest.fixture
def uhubctl(tmp_path, monkeypatch):
    """A program that stands where uhubctl is and writes down how it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    calls = folder / "calls"
    calls.touch()
    program = folder / "uhubctl"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(calls)!r}, 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return calls


WITH_POWER = Inventory({"left": Entry(serial=SERIAL, port="1-2", power=Power(hub="1-1.4", port=3))})


def test_the_last_rung_is_its_power(open_pico, pico, impatient, uhubctl):
    board = open_pico("left", inventory=WITH_POWER)
    pico.dummy_silent = pico.faults.ignore_reset_request = pico.faults.ignore_touch = True

    def power():
        pico.dummy_silent = False
        pico.power_cycle()

    with when(uhubctl.read_text, power):
        board.recover()
    assert uhubctl.read_text() == "-l 1-1.4 -p 3 -a cycle -d 2\n"
    assert board.connect().identify().serial == SERIAL


def test_a_board_that_has_no_power_gets_it_to_be_flashed(open_pico, pico, impatient, uhubctl, firmware):
    board = open_pico("left", inventory=WITH_POWER)
    pico.unplug()
    with when(uhubctl.read_text, pico.replug):
        board.flash(board.image(ModelPack()))
    assert uhubctl.read_text() == "-l 1-1.4 -p 3 -a on\n"
    assert board.connect().identify().build == firmware.build


# --- firmwares of all kinds ------------------------------------------------------------------------------------------


def test_a_firmware_that_echoes_is_understood(open_pico, pico, quick):
    pico.dummy_echoes = True
    board = open_pico("1-2")
    assert Bench(board, ModelLibrary([MODELS])).prepare().done
    assert board.connect().identify().serial == SERIAL
    board.recover()
    assert board.connect().identify().serial == SERIAL


def test_a_firmware_that_only_echoes_is_replaced(open_pico, pico, impatient, firmware):
    pico.dummy_echoes = pico.dummy_silent = True

    def ours():
        pico.dummy_echoes = pico.dummy_silent = False

    board = open_pico("1-2")
    with when(lambda: pico.mode == "bootsel", ours):
        assert Bench(board, ModelLibrary([MODELS])).prepare().done
    assert board.connect().identify().build == firmware.build


def test_an_rp2350_is_flashed_skipped_and_brought_back(bus, open_pico, tmp_path):
    """Both ways into BOOTSEL, with its own product ids and its own family of UF2."""
    firmware = load_firmware(firmware_file(tmp_path, 3, RP2350_ARM_S))
    pico = bus.plug("1-2", unique_id=SERIAL, chip="rp2350", application="dummy")
    library = ModelLibrary([MODELS])
    board = open_pico("1-2", firmware=firmware)
    assert board.device().mode is Mode.BOOTSEL
    assert Bench(board, library).prepare([library.find("sine_int8")]).done
    assert board.connect().identify().chip == "RP2350"
    board.close()
    pico.counts.clear()
    board = open_pico("1-2", firmware=firmware)
    assert not Bench(board, library).prepare([library.find("sine_int8")]).done
    assert not pico.counts.flash_touched
    board.to_bootsel()
    board.recover()
    assert board.connect().identify().build == firmware.build
