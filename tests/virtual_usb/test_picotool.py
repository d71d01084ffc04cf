"""What picotool does when all is well, and what its exit codes mean: on it stands how the harness calls it."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.virtual_usb.images import RP2350_ARM_S, bootable, uf2_file
from tests.virtual_usb.steps import at, said, wait_for_another_address, written
from tests.virtual_usb.tool import OLDEST

OTHER = "E6614103E7452D30"


def test_is_one_that_the_harness_accepts(picotool):
    assert picotool.version >= OLDEST


# --- it works --------------------------------------------------------------------------------------------------------


def test_tells_what_is_on_a_board(bus, bootsel, image):
    assert "type: RP2040 revision: B2" in said(bus.picotool("info", "-a"))
    bus.picotool("load", image)
    done = bus.picotool("info", "-a")
    assert done.returncode == 0
    assert f"flash size: 2048K flash id: 0x{bootsel.unique_id}" in said(done)


def test_loads_verifies_and_starts(bus, bootsel, image):
    done = bus.picotool("load", "-v", "-x", image)
    assert done.returncode == 0
    assert "OK The device was rebooted to start the application." in said(done)
    bootsel.wait("application")
    assert written(bootsel, bootable())
    assert (bootsel.counts.erased_sectors, bootsel.counts.programmed_pages, bootsel.counts.reboots) == (4, 64, 1)


def test_load_without_execute_leaves_the_board_in_bootsel(bus, bootsel, image):
    assert bus.picotool("load", image).returncode == 0
    assert written(bootsel, bootable())
    assert (bootsel.mode, bootsel.counts.reboots) == ("bootsel", 0)


def test_update_writes_only_what_differs(bus, bootsel, image, tmp_path):
    bus.picotool("load", image)
    bootsel.counts.clear()
    assert bus.picotool("load", "-u", "-v", image).returncode == 0
    assert not bootsel.counts.flash_touched
    changed = bytearray(bootable())
    changed[3 * 4096] ^= 1
    assert bus.picotool("load", "-u", "-v", uf2_file(tmp_path, bytes(changed))).returncode == 0
    assert bootsel.counts.erased_sectors == 1


def test_goes_to_bootsel_and_back(bus, running):
    address = running.address
    assert bus.picotool("reboot", "-u", "-f", *at(running)).returncode == 0
    running.wait("bootsel")
    assert running.address != address
    assert bus.picotool("reboot", *at(running)).returncode == 0
    running.wait("application")
    assert not running.counts.flash_touched


def test_restarts_a_running_application(bus, running):
    address = running.address
    assert bus.picotool("reboot", "-f").returncode == 0
    wait_for_another_address(bus, running, address)
    assert running.mode == "application"


def test_goes_from_bootsel_to_bootsel_by_code_of_its_own(bus, bootsel):
    address = bootsel.address
    assert bus.picotool("reboot", "-u").returncode == 0
    wait_for_another_address(bus, bootsel, address)
    assert (bootsel.mode, bootsel.counts.execs) == ("bootsel", 1)


@pytest.mark.parametrize("choose", [at, lambda board: ("--ser", board.unique_id)], ids=["address", "serial number"])
def test_chooses_one_of_two_boards(bus, bootsel, image, choose):
    other = bus.plug("1-3", application="dummy", unique_id=OTHER)
    assert bus.picotool("load", "-v", "-x", image, *choose(other)).returncode == 0
    other.wait("application")
    assert not bootsel.counts.flash_touched


def test_force_brings_a_running_board_to_bootsel_flashes_and_starts_it(bus, running, image):
    done = bus.picotool("load", "-u", "-v", "-x", image, "-t", "uf2", "--ser", running.unique_id, "-f")
    assert done.returncode == 0
    running.wait("application")
    assert written(running, bootable())


def test_knows_an_rp2350(bus, tmp_path):
    board = bus.plug("1-2", chip="rp2350")
    assert "type: RP2350" in said(bus.picotool("info", "-a"))
    done = bus.picotool("load", "-v", "-x", uf2_file(tmp_path, bootable(), family=RP2350_ARM_S))
    assert done.returncode == 0
    board.wait("application")
    assert bus.picotool("reboot", "-u", "-f").returncode == 0
    board.wait("bootsel")


# --- exit codes ------------------------------------------------------------------------------------------------------


def test_249_nothing_is_there(bus, image):
    done = bus.picotool("load", image)
    assert done.returncode == 249
    assert "No accessible RP-series devices in BOOTSEL mode were found." in said(done)


def test_249_not_in_bootsel(bus, running, image):
    done = bus.picotool("load", image)
    assert done.returncode == 249
    assert "appears to have a USB serial connection, so consider -f" in said(done)


@pytest.mark.parametrize("mode", ["bootsel", "application"])
def test_249_no_permission(bus, running, image, mode):
    if mode == "bootsel":
        running.press_bootsel()
    running.faults.no_permission = True
    done = bus.picotool("load", image, *at(running))
    assert done.returncode == 249
    assert "picotool was unable to connect. Maybe try 'sudo' or check your permissions." in said(done)
    running.faults.no_permission = False
    assert bus.picotool("info", *at(running)).returncode == (0 if mode == "bootsel" else 249)


def test_249_no_permission_is_not_told_with_a_serial_number(bus, bootsel, image):
    bootsel.faults.no_permission = True
    done = bus.picotool("load", image, "--ser", bootsel.unique_id)
    assert done.returncode == 249
    assert "permissions" not in said(done)


def test_248_several_boards(bus, bootsel, image):
    bus.plug("1-3", application="dummy", unique_id=OTHER)
    assert bus.picotool("load", image).returncode == 248
    assert not bootsel.counts.flash_touched


def test_248_an_image_that_is_too_large(bus, running, tmp_path):
    running.press_bootsel()
    image = uf2_file(tmp_path, bytes(2 * 1024 * 1024 + 4096))
    assert bus.picotool("load", image).returncode == 248
    assert not running.counts.flash_touched


def test_an_image_that_is_too_large_is_written_to_an_erased_flash_all_the_same(bus, bootsel, tmp_path):
    # picotool finds the size of a flash by its first pages coming again, and an erased flash has only one content.
    image = uf2_file(tmp_path, bootable(520))
    assert bus.picotool("load", "-v", image).returncode == 245
    assert bootsel.counts.erased_sectors == 520


def test_245_verify_failed(bus, bootsel, image):
    bootsel.faults.bad_address = 0x10001234
    done = bus.picotool("load", "-v", "-x", image)
    assert done.returncode == 245
    assert "FAILED ERROR: The device contents did not match the file" in said(done)
    assert bootsel.mode == "bootsel"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.uf2", None, 252),
        ("text.elf", b"hello\n", 254),
        ("text.xyz", b"hello\n", 157),
        ("text.uf2", b"hello\n", 254),
        ("empty.uf2", b"", 254),
    ],
)
def test_a_file_that_is_none(bus, bootsel, tmp_path, name, content, code):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert bus.picotool("load", "-v", "-x", tmp_path / name).returncode == code
    assert not bootsel.counts.flash_touched


@pytest.mark.parametrize("command", ["erase", "write", "read", "exclusive", "reboot"])
def test_157_the_chip_refuses(bus, bootsel, image, command):
    bootsel.faults.status = {command: 9}
    done = bus.picotool("load", "-v", "-x", image)
    assert done.returncode == 157
    assert "The RP2040 device returned an error: invalid state" in said(done)


def test_157_something_writes_to_the_drive(bus, bootsel, image):
    bootsel.faults.drive_busy = True
    done = bus.picotool("load", "-v", "-x", image)
    assert done.returncode == 157
    assert "interleaved write" in said(done)


def test_250_no_reset_interface(bus, image):
    board = bus.plug("1-2", application="dummy", flash=bootable(seed=0), reset_interface=False)
    for command in (("reboot", "-u", "-f"), ("load", image, "-f")):
        done = bus.picotool(*command)
        assert done.returncode == 250
        assert "Unable to locate reset interface on the device" in said(done)
    assert board.mode == "application"


@pytest.mark.parametrize(("product", "told"), [(0x0005, "MicroPython"), (0x0004, "PicoProbe"), (0x000C, None)])
def test_249_another_firmware_runs(bus, image, product, told):
    bus.plug("1-2", application="dummy", flash=bootable(), usb_id=(0x2E8A, product), reset_interface=False)
    done = bus.picotool("load", image)
    assert done.returncode == 249
    assert ("appears to be" in said(done)) == (told is not None)
    assert told is None or told in said(done)


@pytest.mark.parametrize(
    "command",
    [
        ("load", "-f", "-x", "--ser", "S", "IMAGE"),
        ("load", "--bus", "1", "IMAGE", "--address", "2"),
        ("reboot", "-f", "-u", "--bus", "1", "--address", "2"),
        ("frobnicate",),
    ],
    ids=" ".join,
)
def test_255_options_that_choose_the_board_stand_apart(bus, running, image, command):
    done = bus.picotool(*(image if word == "IMAGE" else word for word in command))
    assert done.returncode == 255
    assert "ERROR: unexpected" in said(done) or command == ("frobnicate",)
    assert (running.counts.flash_touched, running.counts.reset_requests) == (False, 0)


def test_246_interrupted(bus, bootsel, image, picotool):
    bootsel.faults.erase_seconds = 1
    command = [str(picotool.path), "load", "-v", str(image)]
    with subprocess.Popen(command, env=bus.picotool_environment(), stdout=subprocess.PIPE) as process:
        bus.wait_for(lambda: bootsel.counts.erased_sectors)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 246
    bootsel.faults.erase_seconds = 0
    assert bus.picotool("load", "-v", "-x", image).returncode == 0


# --- 0 does not prove flashing ---------------------------------------------------------------------------------------


def test_0_though_the_board_ignored_the_reset(bus, running, image):
    running.faults.ignore_reset_request = True
    done = bus.picotool("load", "-v", "-x", image, "-f")
    assert done.returncode == 0
    assert "Waiting for device to reboot" in said(done)
    assert running.counts.reset_requests == 1
    assert not running.counts.flash_touched


def test_0_though_reboot_did_nothing(bus, running):
    running.faults.ignore_reset_request = True
    assert bus.picotool("reboot", "-u", "-f").returncode == 0
    assert (running.mode, running.counts.reset_requests) == ("application", 1)


@pytest.mark.parametrize("content", [b"hello\n", b""])
def test_0_though_the_file_is_no_uf2(bus, bootsel, tmp_path, content):
    # Only -x asks for an address to start from, and fails then.
    (tmp_path / "text.uf2").write_bytes(content)
    assert bus.picotool("load", "-v", tmp_path / "text.uf2").returncode == 0
    assert not bootsel.counts.flash_touched


def test_0_though_the_uf2_is_cut_off(bus, bootsel, image, tmp_path):
    cut = tmp_path / "cut.uf2"
    cut.write_bytes(image.read_bytes()[: 512 * 20 + 100])
    done = bus.picotool("load", "-v", "-x", cut)
    assert done.returncode == 0
    assert "OK The device was rebooted" in said(done)
    assert bootsel.counts.erased_sectors == 2


def test_0_though_the_uf2_is_for_another_chip(bus, bootsel, tmp_path):
    done = bus.picotool("load", "-v", "-x", uf2_file(tmp_path, bootable(), family=RP2350_ARM_S))
    assert done.returncode == 0
    assert "OK The device was rebooted" in said(done)
    assert written(bootsel, bootable())


def test_an_rp2350_refuses_an_image_for_an_rp2040(bus, image):
    board = bus.plug("1-2", chip="rp2350")
    assert bus.picotool("load", "-v", "-x", image).returncode == 248
    assert not board.counts.flash_touched


# --- the wrong board -------------------------------------------------------------------------------------------------


def test_force_without_a_filter_flashes_a_stray_board(bus, running, image):
    stray = bus.plug("1-3", application="dummy", unique_id=OTHER)
    assert bus.picotool("load", "-v", "-x", image, "-f").returncode == 0
    assert stray.counts.flash_touched
    assert not running.counts.flash_touched


def test_force_resets_the_board_before_it_looks_for_the_file(bus, running, tmp_path):
    assert bus.picotool("load", "-v", "-x", tmp_path / "missing.uf2", "-f").returncode == 252
    assert running.mode == "bootsel"


def test_a_serial_number_takes_all_boards_in_bootsel_away_from_others(bus, bootsel, image, picotool):
    other = bus.plug("1-3", application="dummy", unique_id=OTHER)
    bootsel.faults.erase_seconds = 1
    command = [str(picotool.path), "load", "-v", str(image), "--ser", bootsel.unique_id]
    with subprocess.Popen(command, env=bus.picotool_environment(), stdout=subprocess.DEVNULL) as process:
        bus.wait_for(lambda: bootsel.counts.erased_sectors)
        # It has claimed the other board too, so that nobody else can.
        assert bus.picotool("load", "-v", image, *at(other)).returncode == 249
        assert process.wait(20) == 0
    assert bus.picotool("load", "-v", image, *at(other)).returncode == 0
