"""Picos on a virtual USB cable, reached by the unmodified picotool."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.boards.pico import flashing, lock, recovery
from harness.boards.pico.board import open_board
from harness.boards.pico.inventory import Inventory
from harness.boards.pico.lock import lock_folder
from harness.boards.pico.usb import Sysfs
from harness.flash.firmware import load_firmware
from harness.flash.uf2 import RP2040, Uf2, write_uf2

if sys.platform != "linux":
    pytest.skip("the virtual USB is Linux's", allow_module_level=True)

from tests.virtual_usb import VirtualBus, find_picotool, why_no_picotool
from tests.virtual_usb.images import bootable

NOTE = b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0"
SERIAL = "E6614103E7452D2F"
OTHER_SERIAL = "E6614C311B7D5A29"


def firmware_file(folder: Path, seed: int = 1, family: int = RP2040) -> Path:
    """A firmware of 16 KiB, with a build id, that the virtual board's dummy application starts from."""
    data = bytearray(bootable(4, seed))
    data[0x400 : 0x400 + len(NOTE) + 20] = NOTE + bytes([seed]) * 20
    path = folder / f"firmware-{seed}-{family:x}.uf2"
    path.write_bytes(write_uf2(Uf2.joined(family, [(0x10000000, bytes(data))])))
    return path


@pytest.fixture(scope="session", autouse=True)
def picotool(record_testsuite_property):
    """The picotool that runs; the report says which."""
    reason = why_no_picotool()
    if reason is not None:
        pytest.skip(reason)
    found = find_picotool()
    record_testsuite_property("picotool", str(found))
    return found


@pytest.fixture
def bus(tmp_path, picotool, monkeypatch):
    """An empty bus, which picotool is on."""
    folder = tmp_path / "usb"
    folder.mkdir()
    with VirtualBus(folder) as made:
        monkeypatch.setenv("TFLM_HIL_PICOTOOL", str(picotool.path))
        for name in ("LD_LIBRARY_PATH", "VIRTUAL_USB_SOCKET"):
            monkeypatch.setenv(name, made.picotool_environment()[name])
        monkeypatch.setattr(lock, "FOLDER", tmp_path / "locks")
        yield made


@pytest.fixture
def firmware(tmp_path):
    """A firmware that virtual boards start from."""
    return load_firmware(firmware_file(tmp_path))


@pytest.fixture
def quick(monkeypatch):
    """What does not come is waited for less long."""
    monkeypatch.setattr(recovery, "RETURN_SECONDS", 1.0)
    monkeypatch.setattr(flashing, "_START_SECONDS", 1.5)
    monkeypatch.setattr("harness.boards.pico.board._CONNECT_SECONDS", 1.5)


@pytest.fixture
def old_flash():
    """A flash with another firmware."""
    return bootable(4, 99)


@pytest.fixture
def open_pico(bus, firmware):
    """Opens a board: `open_pico("auto")`."""
    opened = []

    def open_by_name(name="auto", **given):
        usb = Sysfs(bus.sysfs, bus.dev)
        given = {"firmware": firmware, "inventory": Inventory({}), **given}
        board = open_board(name, usb, lock_folder(), **given)
        opened.append(board)
        return board

    yield open_by_name
    for board in opened:
        board.close()
