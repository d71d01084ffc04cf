"""The real picotool, driven by the harness, on a virtual board: what is flashed, and what is said when it is not."""

import threading

import pytest

from harness.bench import Bench
from harness.boards.pico.failures import (
    NoReturn,
    PicotoolFailed,
    Unplugged,
)
from harness.boards.pico.inventory import Entry, Inventory
from harness.boards.pico.lock import Lock, lock_folder
from harness.boards.pico.usb import Mode
from harness.errors import (
    BoardBusy,
    FlashFailed,
    HarnessError,
    NoFirmware,
    NoPermission,
    WrongBoard,
)
from harness.flash.firmware import load_firmware
from harness.flash.pack import ModelPack
from harness.flash.uf2 import RP2350_ARM_S, Uf2Invalid, WrongChip
from harness.models.library import ModelLibrary
from tests.integration.conftest import MODELS
from tests.integration.pico.conftest import OTHER_SERIAL, SERIAL, firmware_file

PACK = ModelPack([("a", b"TFL3" * 100), ("b", bytes(5000))])


@pytest.fixture
def pico(bus, old_flash):
    """A board with another firmware."""
    return bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy")


def answers(board, firmware, pack=PACK):
    told = board.connect().identify()
    return (told.build, told.serial, told.pack_crc) == (firmware.build, SERIAL, f"{pack.crc:08x}")


@pytest.mark.parametrize("mode", ["application", "bootsel"])
def test_a_board_is_flashed_and_answers(bus, open_pico, firmware, old_flash, mode):
    pico = bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy", mode=mode)
    board = open_pico("1-2")
    told = []
    board.progress = lambda step, percent: told.append((step, percent))
    board.flash(board.image(PACK))
    assert answers(board, firmware)
    assert pico.flash.startswith(firmware.uf2.segments[0][1])
    assert board.name == f"{SERIAL} at 1-2"
    assert SERIAL in Lock(lock_folder(), f"serial-{SERIAL}", "it").holder().names, "not known before, and locked now"
    assert {("writing", 100), ("verifying", 100), ("starting the firmware", 100)} <= set(told)
    assert not told[0][1] and told[0][0] == "restarting into BOOTSEL"


def test_the_port_is_closed_before_the_board_goes(open_pico, pico):
    """A board whose port is still open comes back under another name."""
    board = open_pico("1-2")
    board.connect().ping()
    for action in (lambda: board.flash(board.image(PACK)), board.recover, board.to_bootsel, board.recover):
        action()
        assert pico.tty is None or pico.tty.name == "ttyACM0"
    assert board.connect().identify().serial == SERIAL


def test_a_blank_board_and_one_with_another_firmware_are_flashed(bus, open_pico, firmware, old_flash):
    bus.plug("1-2", unique_id=SERIAL, application="dummy")
    board = open_pico("1-2")
    with pytest.raises(NoFirmware, match="BOOTSEL, RP2 Boot. came"):
        board.connect()
    with pytest.raises(NoFirmware, match="no firmware in its flash that starts"):
        board.recover()
    board.flash(board.image(PACK))
    assert answers(board, firmware)


def test_a_foreign_firmware_without_reset_interface_is_flashed(bus, open_pico, firmware, old_flash):
    pico = bus.plug(
        "1-2",
        unique_id=SERIAL,
        flash=old_flash,
        application="dummy",
        usb_id=(0x2E8A, 0x0005),
        reset_interface=False,
    )
    board = open_pico(SERIAL)
    assert board.device().mode is Mode.OTHER
    with pytest.raises(NoFirmware):
        board.connect()
    with pytest.raises(NoFirmware):
        board.recover()
    pico._usb_id = None
    board.flash(board.image(PACK))
    assert answers(board, firmware) and pico.counts.touches == 1


def test_only_what_is_meant_is_flashed(bus, open_pico, firmware, old_flash, pico):
    neighbour = bus.plug("1-3", unique_id=OTHER_SERIAL, flash=old_flash, application="dummy")
    stray = bus.plug("1-4", unique_id="E66100000000FFFF", flash=old_flash, application="dummy", mode="bootsel")
    board = open_pico(SERIAL)
    board.flash(board.image(PACK))
    assert answers(board, firmware)
    for other in (neighbour, stray):
        assert not other.counts.flash_touched and other.flash.startswith(old_flash) and other.counts.enumerations == 1


def test_twice_in_a_row_flashes_once(bus, open_pico, pico):
    library = ModelLibrary([MODELS])
    models = [library.find("sine_int8")]
    board = open_pico()
    assert Bench(board, library).prepare(models).done
    board.close()
    pico.counts.clear()
    board = open_pico()
    done = Bench(board, library).prepare(models)
    assert (done.done, done.text) == (False, "flashing skipped, unchanged")
    assert not pico.counts.flash_touched and pico.counts.enumerations == 0


def test_two_at_the_same_time_each_flash_their_own(bus, open_pico, firmware, old_flash, tmp_path):
    other = load_firmware(firmware_file(tmp_path, 2))
    bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy")
    bus.plug("1-3", unique_id=OTHER_SERIAL, flash=old_flash, application="dummy")
    boards = [open_pico("1-2"), open_pico("1-3", firmware=other)]
    failures = []

    def flash(board):
        try:
            for _ in range(3):
                board.flash(board.image(PACK))
        except HarnessError as error:
            failures.append(error)

    threads = [threading.Thread(target=flash, args=(board,)) for board in boards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [(board.connect().identify().serial, board.connect().identify().build) for board in boards] == [
        (SERIAL, firmware.build),
        (OTHER_SERIAL, other.build),
    ]


# --- what goes wrong -------------------------------------------------------------------------------------------------


def test_a_board_that_ignores_all_requests_needs_a_hand(open_pico, pico, firmware, quick):
    board = open_pico("1-2")
    pico.faults.ignore_reset_request = pico.faults.ignore_touch = True
    with pytest.raises(NoReturn, match="BOOTSEL expected, it does not go there") as caught:
        board.flash(board.image(PACK))
    assert "hold BOOTSEL down" in caught.value.advice
    assert not pico.counts.flash_touched and pico.counts.touches == 1
    pico.press_bootsel()
    board.flash(board.image(PACK))
    assert answers(board, firmware)


def test_another_board_in_its_place_while_it_was_away(bus, open_pico, pico, old_flash):
    board = open_pico("1-2")
    pico.unplug()
    bus.remove(pico)
    other = bus.plug("1-2", unique_id=OTHER_SERIAL, flash=old_flash, application="dummy")
    for action in (lambda: board.flash(board.image(PACK)), board.connect, board.recover, board.to_bootsel):
        with pytest.raises(WrongBoard, match=f"serial number {SERIAL} expected, {OTHER_SERIAL} came"):
            action()
    assert not other.counts.flash_touched and other.counts.reset_requests == 0


BY_BOTH = Inventory({"left": Entry(serial=SERIAL, port="1-2")})


@pytest.mark.parametrize("known", ["from the inventory", "since it was taken"])
def test_another_board_in_bootsel_in_its_place_is_not_written(bus, open_pico, old_flash, known):
    """In BOOTSEL it does not tell its number: picotool asks its flash."""
    neighbour = bus.plug("1-3", unique_id="E66100000000FFFF", flash=old_flash, application="dummy", mode="bootsel")
    if known == "from the inventory":
        other = bus.plug("1-2", unique_id=OTHER_SERIAL, flash=old_flash, application="dummy", mode="bootsel")
        board = open_pico("left", inventory=BY_BOTH)
    else:
        meant = bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy")
        board = open_pico(SERIAL)
        board.connect().ping()
        meant.unplug()
        bus.remove(meant)
        other = bus.plug("1-2", unique_id=OTHER_SERIAL, flash=old_flash, application="dummy", mode="bootsel")
    with pytest.raises(WrongBoard, match=f"whose flash has serial number {SERIAL} expected") as caught:
        board.flash(board.image(PACK))
    assert caught.value.expected == SERIAL and "plug the boards in as before" in caught.value.advice
    assert not other.counts.flash_touched and other.flash.startswith(old_flash) and not board.unproved
    assert not neighbour.counts.execs and not neighbour.counts.read_commands


def test_the_board_that_is_meant_is_written_in_bootsel_too(bus, open_pico, firmware, old_flash):
    bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy", mode="bootsel")
    board = open_pico("left", inventory=BY_BOTH)
    board.flash(board.image(PACK))
    assert answers(board, firmware)


def test_a_lack_of_permission_is_not_taken_for_another_board(bus, open_pico, old_flash):
    pico = bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy", mode="bootsel")
    board = open_pico("left", inventory=BY_BOTH)
    pico.faults.no_permission = True
    with pytest.raises(NoPermission):
        board.flash(board.image(PACK))


def test_an_image_for_another_chip_never_reaches_the_board(open_pico, pico, tmp_path):
    other = load_firmware(firmware_file(tmp_path, 2, RP2350_ARM_S))
    with pytest.raises(WrongChip, match="an image for RP2040 expected, one for RP2350 came"):
        open_pico("1-2", firmware=other)
    assert pico.counts.reset_requests == 0
    board = open_pico("1-2")
    assert board.connect().identify().serial == SERIAL, "the lock was given back"


def test_the_chip_is_looked_at_once_more_in_bootsel(bus, open_pico, tmp_path, quick):
    """A foreign firmware does not tell which chip it runs on."""
    other = load_firmware(firmware_file(tmp_path, 2, RP2350_ARM_S))
    pico = bus.plug(
        "1-2", unique_id=SERIAL, flash=bytes(other.uf2.segments[0][1]), application="dummy", usb_id=(0x2E8A, 5)
    )
    board = open_pico("1-2", firmware=other)
    with pytest.raises(WrongChip, match="an image for RP2040 expected, one for RP2350 came"):
        board.flash(board.image(PACK))
    assert not pico.counts.flash_touched
    pico.wait("application")


def test_a_firmware_that_would_not_start_never_reaches_the_board(open_pico, pico, firmware, tmp_path):
    data = bytearray(firmware.path.read_bytes())
    data[32 + 100] ^= 1
    (tmp_path / "broken.uf2").write_bytes(data)
    board = open_pico("1-2", firmware=load_firmware(tmp_path / "broken.uf2"))
    with pytest.raises(Uf2Invalid, match="checksum .* of the second-stage bootloader"):
        board.flash(board.image(PACK))
    assert pico.counts.reset_requests == 0 and not pico.counts.flash_touched


def test_a_firmware_that_does_not_answer_is_not_flashed_successfully(open_pico, pico, quick, monkeypatch):
    monkeypatch.setattr("harness.boards.pico.board._IDENTIFY_SECONDS", 0.5)
    pico.dummy_silent = True
    board = open_pico("1-2")
    with pytest.raises(FlashFailed, match="was flashed, but the firmware does not answer"):
        board.flash(board.image(PACK))


def test_a_board_that_does_not_keep_what_is_written(open_pico, pico, firmware, monkeypatch):
    board = open_pico("1-2")
    image = board.image(PACK)
    object.__setattr__(image, "build", "0123456789abcdef")
    with pytest.raises(FlashFailed, match="firmware 0123456789abcdef with models .* expected"):
        board.flash(image)


def test_after_a_flashing_that_failed_the_next_test_has_a_board(bus, open_pico, pico, quick):
    library = ModelLibrary([MODELS])
    bench = Bench(open_pico("1-2"), library)
    bench.prepare([library.find("sine_int8")])
    pico.faults.unplug_during = "erase"
    with pytest.raises(Unplugged):
        bench.prepare([library.find("accumulator")])
    pico.replug()
    assert pico.mode == "bootsel", "the first sector was erased"
    bench.ensure_ready()
    bench.client.ping()
    assert {entry.name for entry in bench.client.models()} == {"sine_int8"}
    assert bench.prepare([library.find("accumulator")]).done


def test_after_it_never_to_flash_still_means_never(bus, open_pico, pico, quick):
    library = ModelLibrary([MODELS])
    board = open_pico("1-2")
    Bench(board, library).prepare()
    bench = Bench(board, library, flash="never")
    bench.prepare()
    pico._flash[:256] = b"\xff" * 256
    pico.power_cycle()
    touched = pico.counts.flash_touched
    pico.counts.clear()
    with pytest.raises(NoFirmware):
        bench.ensure_ready()
    assert touched and not pico.counts.flash_touched


# --- others ----------------------------------------------------------------------------------------------------------


def test_a_board_is_one_runs_alone(open_pico, pico):
    board = open_pico("1-2")
    with pytest.raises(BoardBusy, match="is in use by process"):
        open_pico(SERIAL)
    board.close()
    assert open_pico(SERIAL).connect().identify().serial == SERIAL


def test_a_picotool_of_no_use(open_pico, pico, monkeypatch, tmp_path):
    monkeypatch.setenv("TFLM_HIL_PICOTOOL", str(tmp_path / "none"))
    board = open_pico("1-2")
    assert board.connect().identify().serial == SERIAL, "a run that flashes nothing needs none"
    with pytest.raises(FlashFailed, match="picotool expected"):
        board.flash(board.image(PACK))
    assert not issubclass(PicotoolFailed, NoPermission)
