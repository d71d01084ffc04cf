"""USB devices, read from folders as Linux shows them."""

import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.boards.pico.comports import SerialPorts
from harness.boards.pico.usb import Interface, Mode, Sysfs, UsbDevice
from tests.unit.boards.pico.tree import BOOTSEL_SERIAL, CDC, OTHER_SERIAL, SERIAL, Tree


def test_one_board(tree):
    tree.pico()
    assert tree.usb.devices() == [
        UsbDevice(
            port_path="1-2",
            bus=1,
            address=3,
            vid=0x2E8A,
            pid=0x000A,
            serial=SERIAL,
            product="Pico",
            interfaces=(Interface(0, (2, 2, 0)), Interface(1, (10, 0, 0)), Interface(2, (255, 0, 1))),
            ttys=(tree.dev / "ttyACM0",),
        )
    ]
    [board] = tree.usb.devices()
    assert (board.mode, board.chip, board.own_serial, board.has_reset_interface) == (
        Mode.APPLICATION,
        "RP2040",
        SERIAL,
        True,
    )
    assert tree.usb.at("1-2") == board
    assert board.describe() == f"1-2 (RP2040, application, serial {SERIAL}, {tree.dev}/ttyACM0)"


def test_two_boards_one_behind_hubs_in_the_order_of_their_places(tree):
    tree.add("1-10", 0x0424, 0x2514, device_class=9)
    tree.add("1-10.4", 0x0424, 0x2514, device_class=9)
    tree.pico("1-10.4.1", tty="ttyACM1")
    tree.pico("1-9", OTHER_SERIAL, tty="ttyACM0")
    assert [(device.port_path, device.serial, device.ttys[0].name) for device in tree.usb.devices()] == [
        ("1-9", OTHER_SERIAL, "ttyACM0"),
        ("1-10.4.1", SERIAL, "ttyACM1"),
    ]


@pytest.mark.parametrize(("pid", "chip"), [(0x0003, "RP2040"), (0x000F, "RP2350")])
def test_bootsel_has_no_port_and_no_number_of_its_own(tree, pid, chip):
    tree.bootsel(pid=pid)
    [board] = tree.usb.devices()
    assert (board.mode, board.chip, board.serial, board.own_serial) == (Mode.BOOTSEL, chip, BOOTSEL_SERIAL, None)
    assert board.ttys == () and board.is_pico and not board.has_reset_interface


def test_what_is_a_pico(tree):
    tree.pico("1-1", pid=0x0009, tty="ttyACM1")
    tree.probe("1-2", tty="ttyACM2")
    tree.add(
        "1-3", 0x2E8A, 0x0005, serial="e6614103e7452d2f", product="Board in FS mode", interfaces=CDC, tty="ttyACM3"
    )
    tree.add("1-4", 0x2341, 0x0043, serial="7573", product="Arduino Uno", interfaces=CDC, tty="ttyACM4")
    tree.add("1-5", 0x2E8A, 0x0004, product="Picoprobe", interfaces=CDC, tty="ttyACM5")
    told = [(device.mode, device.is_pico, device.chip, device.own_serial) for device in tree.usb.devices()]
    assert told == [
        (Mode.APPLICATION, True, "RP2350", SERIAL),
        (Mode.PROBE, False, "", None),
        (Mode.OTHER, True, "", SERIAL),
        (Mode.FOREIGN, False, "", None),
        (Mode.PROBE, False, "", None),
    ]


def test_a_program_in_ram_has_no_serial_number(tree):
    tree.pico(serial="EEEEEEEEEEEEEEEE")
    assert tree.usb.at("1-2").own_serial is None


@pytest.mark.parametrize("missing", ["devnum", "busnum", "idVendor", "idProduct", "bDeviceClass"])
def test_a_device_that_is_half_gone_is_gone(tree, missing):
    (tree.pico() / missing).unlink()
    tree.pico("1-3", OTHER_SERIAL, "ttyACM1")
    assert [device.port_path for device in tree.usb.devices()] == ["1-3"]
    assert tree.usb.at("1-2") is None


def test_a_link_to_nowhere_is_no_device(tree):
    (tree.links / "1-7").symlink_to("../../../devices/pci0000:00/usb1/1-7")
    assert tree.usb.devices() == [] and tree.usb.at("1-7") is None


def test_an_interface_that_is_half_gone_takes_the_device_with_it(tree):
    (tree.pico() / "1-2:1.2" / "bInterfaceClass").unlink()
    assert tree.usb.devices() == []


def test_another_device_in_its_place_during_the_scan(tree, monkeypatch):
    """What was read of the one is not told of the other."""
    folder = tree.pico()
    read = Path.open

    def open_file(path, *arguments, **options):
        if path.name == "product":
            (folder / "devnum").write_text("77\n")
        return read(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", open_file)
    assert tree.usb.devices() == []
    assert tree.usb.at("1-2").address == 77


def test_the_first_serial_port_is_that_of_the_first_interface(tree):
    """ "ttyACM10" stands before "ttyACM9" in the alphabet, and interface 10 before interface 2."""
    folder = tree.pico(tty="ttyACM9", interfaces=((2, 2, 0),) * 11)
    for number, tty in ((2, "ttyACM10"), (10, "ttyACM11")):
        (folder / f"1-2:1.{number}" / "tty" / tty).mkdir(parents=True, exist_ok=True)
    found = tree.usb.at("1-2")
    assert [tty.name for tty in found.ttys] == ["ttyACM9", "ttyACM10", "ttyACM11"]
    assert [interface.number for interface in found.interfaces] == list(range(11))


def test_without_serial_number_and_product(tree):
    tree.pico(serial=None, product=None)
    assert (tree.usb.at("1-2").serial, tree.usb.at("1-2").product) == ("", "")


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (b"\xff\xfe\x00odd", "��?odd"),
        (b"\x1b[31mred\x07", "?[31mred?"),
        (b"two\nlines", "two?lines"),
        (b"x" * 100_000, "x" * 126),
        (b"\xe2\x80\xae", "?"),
        (b"", ""),
    ],
)
def test_what_a_device_says_of_itself_is_bounded_and_printable(tree, told, shown):
    folder = tree.pico()
    (folder / "product").write_bytes(told + b"\n")
    (folder / "serial").write_bytes(told + b"\n")
    board = tree.usb.at("1-2")
    assert (board.product, board.serial) == (shown, shown)
    assert board.describe().isprintable()


@pytest.mark.parametrize("number", ["", "-1", "0x0a", "1_0", " ", "000000000", "ab cd", "٣"])
def test_ids_that_are_no_numbers(tree, number):
    (tree.pico() / "idProduct").write_text(number)
    assert tree.usb.devices() == []


def test_odd_names_in_the_folders(tree):
    folder = tree.pico()
    for name in ("1-2:1.x", "1-2:", "..1", "1-2.", "-2"):
        (tree.links / name).symlink_to("1-2")
    (folder / "1-2:1.0" / "tty" / "ttyACM0;reboot").mkdir()
    (folder / "1-2:1.0" / "tty" / "console").mkdir()
    assert [device.port_path for device in tree.usb.devices()] == ["1-2"]
    assert tree.usb.at("1-2").ttys == (tree.dev / "ttyACM0",)


@pytest.mark.parametrize("place", ["", "1-2:1.0", "../1-2", "usb1", "1-2\n", "1-2/../1-2", "-1-2"])
def test_places_that_are_none(tree, place):
    tree.pico()
    assert tree.usb.at(place) is None


def test_without_sysfs_nothing_is_attached(tmp_path):
    usb = Sysfs(tmp_path / "none", tmp_path)
    assert usb.devices() == [] and usb.at("1-2") is None


def test_scanning_while_boards_come_and_go(tmp_path):
    """Whatever is told is told whole."""
    tree = Tree(tmp_path)
    tree.pico("1-3", OTHER_SERIAL, "ttyACM1")
    stop = threading.Event()

    def flicker():
        while not stop.is_set():
            tree.pico()
            tree.remove("1-2")

    thread = threading.Thread(target=flicker)
    thread.start()
    seen = set()
    try:
        for _ in range(1500):
            for device in tree.usb.devices():
                seen.add((device.port_path, device.serial, device.pid, device.product))
    finally:
        stop.set()
        thread.join()
    # In the folders a device grows and shrinks; in sysfs it appears at once, but goes as slowly.
    assert {place for place, *_ in seen} >= {"1-3"}
    assert {told[1:] for told in seen if told[0] == "1-3"} == {(OTHER_SERIAL, 0x000A, "Pico")}


# --- where there is no sysfs -----------------------------------------------------------------------------------------


def port(device, location, **given):
    fields = {"vid": 0x2E8A, "pid": 0x000A, "serial_number": SERIAL, "product": "Pico", **given}
    return SimpleNamespace(device=device, location=location, **fields)


def test_serial_ports_are_devices(monkeypatch):
    listed = [
        port("/dev/cu.usbmodem1201", "20-1.2"),
        port("/dev/cu.usbmodem1203", "20-1.2"),
        port("/dev/cu.Bluetooth", None, vid=None, pid=None),
        port("/dev/cu.odd", "20-1.1", serial_number=None, product="\x1b[31m"),
    ]
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: listed)
    odd, pico = SerialPorts().devices()
    assert (pico.port_path, pico.serial, pico.mode, pico.address) == ("20-1.2", SERIAL, Mode.APPLICATION, 0)
    assert [os.fspath(tty) for tty in pico.ttys] == ["/dev/cu.usbmodem1201", "/dev/cu.usbmodem1203"]
    assert (odd.serial, odd.product) == ("", "?[31m")
    assert SerialPorts().at("20-1.2") == pico and SerialPorts().at("20-9") is None
    assert "BOOTSEL" in SerialPorts.limits


def test_pyserial_stumbles_over_a_device_that_vanishes(monkeypatch):
    def comports():
        raise TypeError("int() argument must be a string, not 'NoneType'")

    monkeypatch.setattr("serial.tools.list_ports.comports", comports)
    assert SerialPorts().devices() == []
