"""What a program sees that looks at /sys and /dev: the virtual ones are as Linux has them."""

from __future__ import annotations

import fcntl
import termios
import threading

import pytest
import serial

from harness.protocol.record import decode_record
from tests.virtual_usb.images import bootable
from tests.virtual_usb.steps import at, values, wait_for_another_address
from tests.virtual_usb.sysfs import split_port


def ask(port, line):
    """Sends a line to a port and returns the record that comes."""
    with serial.Serial(str(port), timeout=20) as opened:
        opened.write(b"\n" + line.encode() + b"\n")
        return decode_record(opened.readline()[1:])


@pytest.mark.parametrize("port", ["1-2", "2-1.4.3"])
def test_an_application_as_linux_shows_it(bus, port):
    board = bus.plug(port, application="dummy", flash=bootable())
    folder = bus.sysfs / "bus/usb/devices" / port
    assert values(folder, "idVendor", "idProduct", "serial") == ("2e8a", "000a", board.unique_id)
    assert values(folder, "busnum", "devnum") == (str(board.bus_number), str(board.address))
    assert values(folder, "devpath", "speed", "bDeviceClass") == (port[2:], "12", "ef")
    kinds = []
    for number in range(3):
        interface = bus.sysfs / "bus/usb/devices" / f"{port}:1.{number}"
        assert interface.resolve() == (folder / f"{port}:1.{number}").resolve()
        kinds.append(values(interface, "bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol"))
    assert kinds == [("02", "02", "00"), ("0a", "00", "00"), ("ff", "00", "01")]
    tty = bus.sysfs / "class/tty/ttyACM0"
    assert tty.resolve().parent.parent.parent == folder.resolve()
    assert (tty / "device").resolve() == (folder / f"{port}:1.0").resolve()
    assert board.tty == bus.dev / "ttyACM0"
    assert [link.resolve() for link in (bus.dev / "serial/by-id").iterdir()] == [board.tty.resolve()]
    assert board.node == bus.dev / f"bus/usb/{board.bus_number:03}/{board.address:03}"
    assert board.node.exists()


def test_bootsel_as_linux_shows_it(bus, bootsel):
    folder = bus.sysfs / "bus/usb/devices/1-2"
    assert values(folder, "idProduct", "serial", "product") == ("0003", "E0C9125B0D9B", "RP2 Boot")
    assert values(folder / "1-2:1.0", "bInterfaceClass") == ("08",)
    assert values(folder / "1-2:1.1", "bInterfaceClass") == ("ff",)
    assert not list((bus.sysfs / "class/tty").iterdir())
    assert bootsel.tty is None


def test_an_rp2350_has_a_serial_number_of_its_own_in_bootsel(bus):
    board = bus.plug("1-2", chip="rp2350")
    assert values(bus.sysfs / "bus/usb/devices/1-2", "idProduct", "serial") == ("000f", board.unique_id)


def test_a_forced_load_leaves_the_drive_out_and_a_forced_reboot_does_not(bus, running):
    def interfaces():
        return values(bus.sysfs / "bus/usb/devices/1-2", "bNumInterfaces")

    bus.picotool("load", "-f", "missing.uf2")
    bus.picotool("load", "missing.uf2", "-f")
    assert (running.mode, interfaces()) == ("bootsel", ("1",))
    bus.picotool("reboot")
    running.wait("application")
    bus.picotool("reboot", "-u", "-f", *at(running))
    running.wait("bootsel")
    assert interfaces() == ("2",)


def test_nothing_is_left_of_a_board_that_has_gone(bus, running):
    hubs = {"usb1"}
    running.unplug()
    assert {entry.name for entry in (bus.sysfs / "bus/usb/devices").iterdir()} == hubs
    assert not list((bus.sysfs / "class/tty").iterdir())
    assert not list((bus.dev / "serial/by-id").iterdir())
    assert not (bus.dev / "ttyACM0").is_symlink()
    assert [node.name for node in (bus.dev / "bus/usb/001").iterdir()] == ["001"]
    assert not list((bus.sysfs / ".coming-and-going").iterdir())


def test_a_reader_never_meets_half_a_device(bus, running):
    """Whatever is listed in `bus/usb/devices` while a board comes and goes can be read in full, or has gone."""
    folder = bus.sysfs / "bus/usb/devices/1-2"
    stop = threading.Event()
    broken, seen = [], set()

    def which():
        try:
            status = folder.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns

    def watch():
        while not stop.is_set():
            before = which()
            if before is None:
                continue
            try:
                seen.add(values(folder, "idProduct", "serial", "devnum"))
            except FileNotFoundError as error:
                if which() == before:
                    broken.append(str(error))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(10):
        running.power_cycle()
    stop.set()
    watcher.join()
    assert broken == []
    assert {entry[:2] for entry in seen} == {("000a", running.unique_id)}


# --- serial ports ----------------------------------------------------------------------------------------------------


def test_a_port_that_is_closed_in_time_keeps_its_name(bus, running):
    with serial.Serial(str(running.tty)):
        pass
    running.power_cycle()
    assert running.tty.name == "ttyACM0"


def test_a_port_that_is_still_open_comes_back_under_another_name(bus, running):
    with serial.Serial(str(running.tty)) as held:
        running.power_cycle()
        assert running.tty.name == "ttyACM1"
        assert running.tty.exists()
        with pytest.raises((serial.SerialException, OSError)):
            held.read(1)
    running.power_cycle()
    assert running.tty.name == "ttyACM0"


def test_two_boards_have_ports_of_their_own(bus, running):
    other = bus.plug("1-3", application="dummy", unique_id="E6614103E7452D30", flash=bootable())
    assert (running.tty.name, other.tty.name) == ("ttyACM0", "ttyACM1")
    assert [ask(board.tty, "identify #7")["serial"] for board in (running, other)] == [
        running.unique_id,
        other.unique_id,
    ]


def test_the_dummy_tells_its_identity_and_its_models(running):
    identity = ask(running.tty, "identify #7")
    assert (identity["type"], identity["id"], identity["board"]) == ("reply", 7, "pico")
    assert identity["pack_crc"] == "ac97f85e"
    assert ask(running.tty, "models")["count"] == 0
    assert ask(running.tty, "open model=x arena=9")["code"] == "unknown_verb"


def test_the_dummy_can_be_silent(running):
    running.dummy_silent = True
    with serial.Serial(str(running.tty), timeout=0.1) as port:
        port.write(b"\nping\n")
        assert port.read(1) == b""


def test_the_dummy_restarts(bus, running):
    address = running.address
    assert ask(running.tty, "reboot")["verb"] == "reboot"
    wait_for_another_address(bus, running, address)
    assert running.mode == "application"


def test_1200_baud_means_bootsel(running):
    with serial.Serial(str(running.tty), 1200):
        running.wait("bootsel")
    assert running.counts.touches == 1


def test_1200_baud_can_be_ignored(bus, running):
    running.faults.ignore_touch = True
    with serial.Serial(str(running.tty), 1200):
        bus.wait_for(lambda: running.counts.touches)
    assert ask(running.tty, "ping")["verb"] == "ping"


def test_a_port_hangs_up_when_the_board_goes(running):
    with serial.Serial(str(running.tty)) as port:
        running.unplug()
        # What a process that waits for bytes is told: the end.
        with pytest.raises((serial.SerialException, OSError)):
            port.read(1)
        with pytest.raises((OSError, termios.error)):
            fcntl.ioctl(port.fd, termios.TIOCMGET, b"    ")


# --- permissions and addresses ---------------------------------------------------------------------------------------


def test_permission_shows_in_the_nodes_mode_and_lasts(bus, bootsel, image):
    bootsel.faults.no_permission = True
    assert bootsel.node.stat().st_mode & 0o777 == 0o444
    bootsel.power_cycle()
    assert bootsel.node.stat().st_mode & 0o777 == 0o444
    assert bus.picotool("load", image).returncode == 249


def test_permission_can_be_taken_from_the_node_itself(bus, bootsel):
    bootsel.node.chmod(0o400)
    assert bus.picotool("info").returncode == 249
    bootsel.node.chmod(0o600)
    assert bus.picotool("info").returncode == 0


def test_addresses_go_up_and_begin_again(bus, bootsel):
    bus.reenumeration_seconds = 0
    bus.plug("1-3", application="dummy", unique_id="E6614103E7452D30")
    seen = []
    for _ in range(130):
        bootsel.power_cycle()
        seen.append(bootsel.address)
    assert seen[:3] == [4, 5, 6]
    # 1 is the root hub's, and 3 the other board's.
    assert seen[123:] == [127, 2, 4, 5, 6, 7, 8]


def test_a_flash_that_is_a_file_stays_there(bus, image, tmp_path):
    path = tmp_path / "flash"
    path.write_bytes(b"\xff" * (2 * 1024 * 1024))
    board = bus.plug("1-2", flash=path, application="dummy")
    bus.picotool("load", "-v", "-x", image)
    board.wait("application")
    assert path.read_bytes().startswith(bootable())


def test_another_board_can_take_the_place(bus, running):
    bus.remove(running)
    bus.plug("1-2", chip="rp2350")


@pytest.mark.parametrize("port", ["", "1", "1-", "x-1", "1-2.", "1-../../x", "0-1"])
def test_a_port_path_is_checked(port):
    with pytest.raises(ValueError, match="USB port path"):
        split_port(port)
