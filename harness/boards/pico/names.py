"""From what a person writes after `--board` to one certain board."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.boards.pico.inventory import Entry, Inventory
from harness.boards.pico.usb import PORT_PATH, Mode, Usb, UsbDevice
from harness.errors import BoardNotFound, WrongBoard

AUTO = "auto"
SERIAL = re.compile(r"[0-9A-Fa-f]{16}")
_MAX_SHOWN = 200


class BoardAmbiguous(BoardNotFound):
    """Several boards answer to the given name."""

    advice = "name one of them by its USB port path or its serial number"


@dataclass(frozen=True)
class Target:
    """A certain board. Followed by its place; how it was named is history.

    Attributes:
        port_path: the place that it is plugged into.
        serial: its serial number; None as long as nobody knows it, as of a board in BOOTSEL.
        product: its name, for people.
        chip: "RP2040", "RP2350", or "" where that is not known.
        entry: what the inventory says of it, or None.
        node: its serial port at that moment, "" if it had none. Only to be shown: it changes.
    """

    port_path: str
    serial: str | None
    product: str
    chip: str
    entry: Entry | None = None
    node: str = field(default="", compare=False)

    def describe(self) -> str:
        """Which board, for messages."""
        return f"{self.serial or 'the board'} at {self.port_path}"


def quoted(text: str) -> str:
    """What a person has written, for messages: bounded, and with nothing in it that a terminal obeys."""
    shown = repr(text)
    return shown if len(shown) <= _MAX_SHOWN else f"{shown[:_MAX_SHOWN]}...{shown[0]}"


def can_be_a_pico(text: str, inventory: Inventory) -> bool:
    """Whether a text has the form of a Pico's name; there may be no such board."""
    return (
        text == AUTO
        or "/" in text
        or text in inventory.entries
        or SERIAL.fullmatch(text) is not None
        or PORT_PATH.fullmatch(text) is not None
    )


def resolve(text: str, usb: Usb, inventory: Inventory) -> Target:
    """The board that is meant.

    Args:
        text: a tty or a link to one, a serial number, a USB port path, `auto`, or a name of the inventory.
        usb: what is attached.
        inventory: the boards that have names.

    Raises:
        BoardNotFound: it is not there; `BoardAmbiguous`: several are.
        WrongBoard: it is there, but it is another one than the inventory says.
    """
    devices = usb.devices()
    entry = inventory.entries.get(text)
    if entry is not None:
        return _of_entry(text, entry, devices, usb)
    if text == AUTO:
        found, what = [device for device in devices if device.is_pico], "exactly one Pico"
    elif "/" in text:
        node = os.path.realpath(text) if "\0" not in text else text
        found = [device for device in devices if any(os.path.realpath(tty) == node for tty in device.ttys)]
        what = f"a Pico whose serial port is {quoted(text)}"
    elif SERIAL.fullmatch(text):
        found, what = _with_serial(text, devices), f"a Pico with serial number {text.upper()}"
    elif PORT_PATH.fullmatch(text):
        found, what = [device for device in devices if device.port_path == text], f"a Pico at USB port {text}"
    else:
        known = "".join(f", {name}" for name in inventory.entries)
        raise BoardNotFound(
            f"no board is called {quoted(text)}: {AUTO}{known}, a serial port, a serial number of 16 digits or a USB "
            f"port path expected; {attached(devices, usb)}"
        )
    return _target(_only(found, what, devices, usb), inventory)


def attached(devices: Iterable[UsbDevice], usb: Usb) -> str:
    """What is attached, and in which mode, in words: Picos, and debug probes beside them."""
    shown = [device.describe() for device in devices if device.is_pico or device.mode is Mode.PROBE]
    limits = f" ({usb.limits})" if usb.limits else ""
    return f"attached: {'; '.join(shown) or 'no Pico'}{limits}"


def _only(found: list[UsbDevice], what: str, devices: list[UsbDevice], usb: Usb) -> UsbDevice:
    picos = [device for device in found if device.is_pico]
    if len(picos) == 1 and len(found) == 1:
        return picos[0]
    if len(found) > 1:
        places = " and ".join(device.describe() for device in found)
        raise BoardAmbiguous(f"{what} expected, {len(found)} came: {places}")
    if found:
        raise BoardNotFound(f"{what} expected, there is {found[0].describe()}; {attached(devices, usb)}")
    in_bootsel = any(device.mode is Mode.BOOTSEL for device in devices)
    advice = (
        "a board in BOOTSEL tells neither serial port nor serial number: name it by its USB port path"
        if in_bootsel and "USB port" not in what
        else "check cable and power; many cables only charge"
    )
    raise BoardNotFound(f"{what} expected, none came; {attached(devices, usb)}", advice=advice)


def _with_serial(serial: str, devices: Iterable[UsbDevice]) -> list[UsbDevice]:
    return [device for device in devices if device.own_serial == serial.upper()]


def _of_entry(name: str, entry: Entry, devices: list[UsbDevice], usb: Usb) -> Target:
    if entry.port is not None:
        found = [device for device in devices if device.port_path == entry.port]
        what = f"board {name!r} at USB port {entry.port}"
    else:
        assert entry.serial is not None
        found, what = _with_serial(entry.serial, devices), f"board {name!r} with serial number {entry.serial.upper()}"
    if not found and entry.port is not None and entry.serial is not None:
        elsewhere = _with_serial(entry.serial, devices)
        if elsewhere:
            raise WrongBoard(
                f"{what} expected, it is at {elsewhere[0].port_path}",
                expected=entry.port,
                came=elsewhere[0].port_path,
                advice="plug it in where it was, or correct `port` in the inventory",
            )
    if not found and entry.port is not None and entry.power is not None:
        # Perhaps a run that was killed has left it without power. Whoever wants it can switch that on.
        return Target(entry.port, _upper(entry.serial), "", entry.chip, entry)
    device = _only(found, what, devices, usb)
    serial = _upper(entry.serial) or _serial_of(device)
    target = Target(device.port_path, serial, device.product, entry.chip, entry, _node(device))
    check(target, device)
    return target


def check(target: Target, device: UsbDevice) -> None:
    """Makes sure that what is at the target's place is the target, as far as it tells who it is.

    Raises:
        WrongBoard: it is another one.
    """
    serial = _serial_of(device)
    if target.serial is not None and serial is not None and serial != target.serial:
        raise WrongBoard(
            f"USB port {target.port_path}: serial number {target.serial} expected, {serial} came: another board was "
            "plugged in",
            expected=target.serial,
            came=serial,
        )
    if target.chip and device.chip and device.chip != target.chip:
        raise WrongBoard(
            f"USB port {target.port_path}: {target.chip} expected, {device.chip} came",
            expected=target.chip,
            came=device.chip,
        )
    if not device.is_pico:
        raise WrongBoard(
            f"USB port {target.port_path}: {target.describe()} expected, {device.describe()} came",
            expected=target.describe(),
            came=device.describe(),
        )


def _target(device: UsbDevice, inventory: Inventory) -> Target:
    serial = _serial_of(device)
    entry = inventory.by_place(device.port_path, serial)
    chip = device.chip or ("" if entry is None else entry.chip)
    known = serial or (_upper(entry.serial) if entry else None)
    target = Target(device.port_path, known, device.product, chip, entry, _node(device))
    check(target, device)
    return target


def _serial_of(device: UsbDevice) -> str | None:
    # Firmwares of others may give any number; that of the flash is told by what is built with pico-sdk's own ids.
    return device.own_serial if device.mode is Mode.APPLICATION else None


def _node(device: UsbDevice) -> str:
    return str(device.ttys[0]) if device.ttys else ""


def _upper(serial: str | None) -> str | None:
    return None if serial is None else serial.upper()
