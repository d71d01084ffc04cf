"""What is attached to this computer's USB, read from Linux's sysfs without any library.

Only facts of the present moment: bus address, product id and node name of a Pico change whenever it restarts. What
stays is its place, the USB port path.

Sources: kernel documentation, "ABI/stable/sysfs-bus-usb" and "ABI/testing/sysfs-bus-usb"; Raspberry Pi's list of USB
product ids (github.com/raspberrypi/usb-pid).
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

# Where Linux shows its devices. Tests put others in their place.
SYSFS = Path("/sys")
DEV = Path("/dev")

PORT_PATH = re.compile(r"[0-9]{1,3}-[0-9]{1,3}(\.[0-9]{1,3}){0,6}")
RASPBERRY_PI = 0x2E8A

_INTERFACE_NAME = re.compile(r"[0-9.-]{3,40}:[0-9]{1,3}\.[0-9]{1,3}")
_TTY_NAME = re.compile(r"tty[A-Za-z0-9_]{1,40}")
_MAX_BYTES = 4096
_MAX_CHARS = 126  # a USB string has no more
_MAX_ENTRIES = 4096
_HUB_CLASS = 9


class Mode(Enum):
    """What a USB device is, as far as its ids tell; the value is what a person is shown."""

    APPLICATION = "application"
    BOOTSEL = "BOOTSEL"
    PROBE = "debug probe"
    OTHER = "other firmware"
    FOREIGN = "no Pico"


_MODES = {
    0x000A: Mode.APPLICATION,
    0x0009: Mode.APPLICATION,
    0x0003: Mode.BOOTSEL,
    0x000F: Mode.BOOTSEL,
    0x000C: Mode.PROBE,
    0x0004: Mode.PROBE,
}
_CHIPS = {0x000A: "RP2040", 0x0003: "RP2040", 0x0009: "RP2350", 0x000F: "RP2350"}


@dataclass(frozen=True)
class Interface:
    """An interface: its number, and its class, subclass and protocol."""

    number: int
    kind: tuple[int, int, int]


RESET_INTERFACE = (0xFF, 0x00, 0x01)


@dataclass(frozen=True)
class UsbDevice:
    """A USB device at one moment. Its texts come from the device: they are bounded and printable, and may be lies.

    Attributes:
        port_path: the place that it is plugged into, "1-2.3": bus, port of the computer, port of the hub.
        bus: number of the bus; 0 where it cannot be known.
        address: its address there, another one after every restart; 0 where it cannot be known.
        vid: vendor id.
        pid: product id.
        serial: serial number, "" if it has none. On an RP2040 in BOOTSEL it is that of the chip's stepping.
        product: its name.
        interfaces: its interfaces.
        ttys: nodes of its serial ports; they may appear a moment after the device.
    """

    port_path: str
    bus: int
    address: int
    vid: int
    pid: int
    serial: str = ""
    product: str = ""
    interfaces: tuple[Interface, ...] = ()
    ttys: tuple[Path, ...] = ()

    @property
    def mode(self) -> Mode:
        """What it is."""
        if self.vid != RASPBERRY_PI:
            return Mode.FOREIGN
        return _MODES.get(self.pid, Mode.OTHER)

    @property
    def is_pico(self) -> bool:
        """Whether it can be a board for tests, whatever it runs now."""
        return self.mode in (Mode.APPLICATION, Mode.BOOTSEL, Mode.OTHER)

    @property
    def chip(self) -> str:
        """ "RP2040", "RP2350", or "" where its ids do not tell."""
        return _CHIPS.get(self.pid, "") if self.vid == RASPBERRY_PI else ""

    @property
    def own_serial(self) -> str | None:
        """The serial number by which the board can be told from others; None in modes that have no such number."""
        # All RP2040 of one stepping have the same number in BOOTSEL, and programs that run in RAM have this one.
        useless = self.mode not in (Mode.APPLICATION, Mode.OTHER) or self.serial == "EEEEEEEEEEEEEEEE"
        return None if useless or not self.serial else self.serial.upper()

    @property
    def has_reset_interface(self) -> bool:
        """Whether picotool can restart it."""
        return any(interface.kind == RESET_INTERFACE for interface in self.interfaces)

    def describe(self) -> str:
        """One line for lists: where, what, which."""
        what = f"{self.chip or f'{self.vid:04x}:{self.pid:04x}'}, {self.mode.value}"
        name = f", {self.product}" if self.product and self.mode is not Mode.APPLICATION else ""
        serial = f", serial {self.own_serial}" if self.own_serial else ""
        ttys = "".join(f", {tty}" for tty in self.ttys)
        return f"{self.port_path} ({what}{name}{serial}{ttys})"


class Usb(Protocol):
    """How the harness sees USB devices.

    Attributes:
        sees_bootsel: whether boards without a serial port are seen, and addresses known.
        limits: what cannot be known this way, in words; "" if nothing.
    """

    sees_bootsel: bool
    limits: str

    def devices(self) -> list[UsbDevice]:
        """All devices but hubs, in the order of their places."""

    def at(self, port_path: str) -> UsbDevice | None:
        """The device at a place, or None."""


class Sysfs:
    """USB devices as Linux shows them.

    A device may vanish at any moment: it is either told whole or not at all.

    Args:
        sysfs: root of sysfs.
        dev: root of the device nodes.
    """

    sees_bootsel = True
    limits = ""

    def __init__(self, sysfs: Path, dev: Path) -> None:
        self._folder = sysfs / "bus" / "usb" / "devices"
        self._dev = dev

    def devices(self) -> list[UsbDevice]:
        found = (self._read(name) for name in _entries(self._folder) if PORT_PATH.fullmatch(name))
        return sorted((device for device in found if device is not None), key=lambda device: _place(device.port_path))

    def at(self, port_path: str) -> UsbDevice | None:
        return self._read(port_path) if PORT_PATH.fullmatch(port_path) else None

    def _read(self, name: str) -> UsbDevice | None:
        folder = self._folder / name
        try:
            address = _number(folder / "devnum", 10)
            if _number(folder / "bDeviceClass", 16) == _HUB_CLASS:
                return None
            found = []
            for entry in _entries(folder):
                if entry.startswith(f"{name}:") and _INTERFACE_NAME.fullmatch(entry):
                    ttys = [self._dev / tty for tty in _entries(folder / entry / "tty") if _TTY_NAME.fullmatch(tty)]
                    found.append((_interface(folder / entry), ttys))
            # Of several serial ports the first is that of the first interface, not that of the lowest name.
            found.sort(key=lambda one: one[0].number)
            device = UsbDevice(
                port_path=name,
                bus=_number(folder / "busnum", 10),
                address=address,
                vid=_number(folder / "idVendor", 16),
                pid=_number(folder / "idProduct", 16),
                serial=_optional(folder / "serial"),
                product=_optional(folder / "product"),
                interfaces=tuple(interface for interface, _ in found),
                ttys=tuple(tty for _, nodes in found for tty in nodes),
            )
            # What was read belongs together only if the same device is still there.
            return device if _number(folder / "devnum", 10) == address else None
        except (OSError, ValueError):
            # It vanished, or a part of it; or it is none that tells what every device tells.
            return None


def this_computer() -> Usb:
    """This computer's USB."""
    if sys.platform == "linux":
        return Sysfs(SYSFS, DEV)
    from harness.boards.pico.comports import SerialPorts

    return SerialPorts()


def _interface(folder: Path) -> Interface:
    kind = tuple(_number(folder / f"bInterface{part}", 16) for part in ("Class", "SubClass", "Protocol"))
    return Interface(_number(folder / "bInterfaceNumber", 16), (kind[0], kind[1], kind[2]))


def _entries(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry, _ in zip(folder.iterdir(), range(_MAX_ENTRIES), strict=False))
    except OSError:
        return []


def _number(path: Path, base: int) -> int:
    # int() takes more than digits: signs, spaces, underscores.
    text = _text(path)
    if not re.fullmatch(r"[0-9A-Fa-f]{1,8}", text):
        raise ValueError(f"{path}: a number expected, {text!r} came")
    return int(text, base)


def _optional(path: Path) -> str:
    try:
        return _text(path)
    except FileNotFoundError:
        return ""


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return shown(file.read(_MAX_BYTES).decode("utf-8", "replace"))


def shown(text: str) -> str:
    """A device's text, bounded, and safe to show in a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text.strip()[:_MAX_CHARS])


def _place(port_path: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"[0-9]+", port_path))
