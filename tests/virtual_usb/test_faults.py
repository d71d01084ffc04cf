"""Boards that go away, come back late, come back as something else, and how picotool takes it."""

from __future__ import annotations

import subprocess

import pytest

from tests.virtual_usb import Faults
from tests.virtual_usb.images import bootable
from tests.virtual_usb.steps import at, said, wait_for_another_address, written


@pytest.mark.parametrize("when", ["erase", "write", "verify"])
def test_a_cable_pulled_in_the_middle_aborts_picotool(bus, bootsel, image, when):
    bootsel.faults.unplug_during = when
    bootsel.faults.unplug_after = 2
    done = bus.picotool("load", "-v", "-x", image)
    # 134 is what a shell tells of it.
    assert done.returncode == -6
    assert "connection_error" in said(done)
    assert bootsel.mode == "absent"
    assert bootsel.counts.erased_sectors == (4 if when == "verify" else 3)
    assert written(bootsel, bootable()) == (when == "verify")
    # Once: afterwards it can be flashed.
    bootsel.replug("bootsel")
    assert bus.picotool("load", "-v", "-x", image).returncode == 0
    bootsel.wait("application")


def test_a_cable_pulled_while_picotool_waits_for_the_chip(bus, bootsel, image, picotool):
    bootsel.faults.erase_seconds = 9
    command = [str(picotool.path), "load", str(image)]
    with subprocess.Popen(command, env=bus.picotool_environment(), stdout=subprocess.DEVNULL) as process:
        bus.wait_for(lambda: bootsel.counts.erased_sectors)
        bootsel.unplug()
        assert process.wait(20) == -6
    assert bootsel.counts.erased_sectors == 1


def test_a_slow_flash_takes_its_time(bus, bootsel, image):
    bootsel.faults.erase_seconds = 0.1
    bootsel.faults.write_seconds = 0.1
    assert bus.picotool("load", "-v", image).returncode == 0
    assert written(bootsel, bootable())


@pytest.mark.parametrize("command", [("reboot", "-u", "-f"), ("load", "IMAGE", "-f")], ids=" ".join)
def test_a_board_that_does_not_return(bus, running, image, command):
    running.faults.no_return_from_reset = True
    done = bus.picotool(*(image if word == "IMAGE" else word for word in command))
    assert done.returncode == (0 if command[0] == "reboot" else 249)
    running.wait("absent")
    assert (running.node, running.tty, running.address) == (None, None, 0)
    running.power_cycle()
    assert running.mode == "application"


def test_a_board_that_returns_late(bus, running):
    running.faults.no_return_from_reset = 5
    bus.picotool("reboot", "-u", "-f")
    running.wait("absent")
    with pytest.raises(TimeoutError, match="'absent' is there"):
        running.wait("bootsel", seconds=0.2)
    running.wait("bootsel")


def test_a_board_that_does_not_return_from_bootsel(bus, bootsel, image):
    bootsel.faults.no_return_from_reset = True
    assert bus.picotool("load", "-v", "-x", image).returncode == 0
    bootsel.wait("absent")


def test_a_board_that_returns_in_another_mode(bus, running, image):
    running.faults.return_mode = "application"
    address = running.address
    bus.picotool("reboot", "-u", "-f")
    wait_for_another_address(bus, running, address)
    assert running.mode == "application"
    running.press_bootsel()
    running.faults.return_mode = "bootsel"
    address = running.address
    assert bus.picotool("load", "-v", "-x", image).returncode == 0
    wait_for_another_address(bus, running, address)
    assert running.mode == "bootsel"


def test_another_chip_at_the_port(bus, running):
    running.faults.return_chip = "rp2350"
    bus.picotool("reboot", "-u", "-f")
    running.wait("bootsel")
    assert "type: RP2350" in said(bus.picotool("info", "-d", *at(running)))


def test_faults_can_be_cleared_and_are_not_misspelt(bootsel):
    bootsel.faults.erase_seconds = 3
    bootsel.faults.no_permission = True
    bootsel.faults.clear()
    assert bootsel.faults == Faults()
    assert bootsel.node.stat().st_mode & 0o777 == 0o666
    with pytest.raises(AttributeError, match="no such fault: 'erase_second'"):
        bootsel.faults.erase_second = 3


def test_a_board_is_blank_after_nothing_but_faults(bus, bootsel, image):
    bootsel.faults.status = {"erase": 8}
    bus.picotool("load", "-v", "-x", image)
    assert bootsel.flash == b"\xff" * (2 * 1024 * 1024)
    assert not bootsel.counts.flash_touched
