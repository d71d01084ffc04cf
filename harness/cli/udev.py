"""What udev's rules would make of a Pico, as far as their text tells. Nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

_TOKEN = re.compile(r'[\s,]*([A-Z_]+(?:\{[^}]*\})?)\s*([=!+:-]?=)\s*"([^"]*)"')
_VENDOR = "2e8a"
_VENDOR_KEYS = ("ATTR{idVendor}", "ATTRS{idVendor}", "ENV{ID_VENDOR_ID}")
# Product ids: firmware on RP2040 and RP2350, BOOTSEL on RP2040 and RP2350.
_RUNNING = ("000a", "0009")
_BOOTSEL = ("0003", "000f")
_NAMES = {"usb": "1-2", "tty": "ttyACM0", "block": "sda"}


@dataclass
class _Device:
    """What rules ask about a device, and what they have given it."""

    told: dict[str, str]
    given: dict[str, str] = field(default_factory=dict)
    tags: set[str] = field(default_factory=set)

    def may_be_used(self) -> bool:
        """Whether somebody but root may read and write it."""
        if "uaccess" in self.tags:
            return True
        try:
            mode = int(self.given.get("MODE", "0660"), 8)
        except ValueError:
            return False
        return mode & 0o006 == 0o006 or (mode & 0o060 == 0o060 and self.given.get("GROUP", "root") != "root")

    def has(self, *keys: str) -> bool:
        return any(self.given.get(f"ENV{{{key}}}") == "1" for key in keys)


@dataclass(frozen=True)
class Rules:
    """What the rules do for Picos.

    Attributes:
        files: those with a rule that names Raspberry Pi's USB id.
        usb: whether users may use the USB device, whatever it runs.
        tty: whether they may use its serial port.
        drive: whether a BOOTSEL's drive is left alone (UDISKS_IGNORE).
        modem: whether ModemManager is kept away (ID_MM_DEVICE_IGNORE, ID_MM_PORT_IGNORE).
    """

    files: tuple[Path, ...]
    usb: bool
    tty: bool
    drive: bool
    modem: bool

    @property
    def access(self) -> bool:
        return self.usb and self.tty


def read_rules(texts: Iterable[tuple[Path, str]]) -> Rules:
    """Reads rules.

    Args:
        texts: the files in udev's order, and their text.
    """
    files = [(path, [tokens for line in _lines(text) if (tokens := _tokens(line))]) for path, text in texts]
    naming = tuple(path for path, lines in files if any(_names_vendor(tokens) for tokens in lines))

    def devices(subsystem: str, products: Iterable[str]) -> list[_Device]:
        found = [_device(subsystem, product) for product in products]
        for device in found:
            for _, lines in files:
                _apply(lines, device)
        return found

    usb, ttys = devices("usb", (*_RUNNING, *_BOOTSEL)), devices("tty", _RUNNING)
    # It heeds the one at the USB device and the other at the port; with either the port is left alone.
    pairs = zip(usb, ttys, strict=False)
    return Rules(
        naming,
        usb=all(device.may_be_used() for device in usb),
        tty=all(device.may_be_used() for device in ttys),
        drive=all(device.has("UDISKS_IGNORE") for device in devices("block", _BOOTSEL)),
        modem=all(u.has("ID_MM_DEVICE_IGNORE") or t.has("ID_MM_PORT_IGNORE") for u, t in pairs),
    )


def _device(subsystem: str, product: str) -> _Device:
    told = {"ACTION": "add", "SUBSYSTEM": subsystem, "SUBSYSTEMS": "usb", "KERNEL": _NAMES[subsystem]}
    attributes = {"idVendor": _VENDOR, "idProduct": product}
    told |= {f"ATTRS{{{name}}}": value for name, value in attributes.items()}
    if subsystem == "usb":
        # A port and a drive have no such attributes of their own: theirs are their parent's.
        told |= {f"ATTR{{{name}}}": value for name, value in attributes.items()} | {"ENV{DEVTYPE}": "usb_device"}
    return _Device(told | {"ENV{ID_VENDOR_ID}": _VENDOR, "ENV{ID_MODEL_ID}": product})


def _lines(text: str) -> Iterator[str]:
    """The lines without comments; those that a backslash continues are one."""
    begun = ""
    for line in text.split("\n"):
        if line.lstrip().startswith("#"):
            continue
        line = line.rstrip()
        begun += line.removesuffix("\\")
        if not line.endswith("\\"):
            yield begun
            begun = ""


def _tokens(line: str) -> list[tuple[str, str, str]]:
    """Keys, operators and values, up to what is none of them: a comment behind a rule is not looked at."""
    found, place = [], 0
    while match := _TOKEN.match(line, place):
        found.append((match[1], match[2], match[3]))
        place = match.end()
    return found


def _names_vendor(tokens: list[tuple[str, str, str]]) -> bool:
    return any(key in _VENDOR_KEYS and _matches(_VENDOR, value) for key, _, value in tokens)


def _apply(lines: list[list[tuple[str, str, str]]], device: _Device) -> None:
    """Gives a device what a file's rules give it; a condition that is not known here does not hold."""
    awaited: str | None = None
    for tokens in lines:
        if awaited is not None and ("LABEL", "=", awaited) not in tokens:
            continue
        awaited = None
        if not all(_holds(device, key, operator, value) for key, operator, value in tokens if operator in ("==", "!=")):
            continue
        for key, operator, value in tokens:
            if operator in ("==", "!="):
                continue
            if key == "GOTO":
                awaited = value
            elif key == "TAG":
                device.tags = {value} if operator in ("=", ":=") else device.tags
                device.tags = device.tags - {value} if operator == "-=" else device.tags | {value}
            else:
                device.given[key] = value


def _holds(device: _Device, key: str, operator: str, pattern: str) -> bool:
    value = device.given.get(key, device.told.get(key))
    if key in ("TAG", "TAGS"):
        found = any(_matches(tag, pattern) for tag in device.tags)
    else:
        found = value is not None and _matches(value, pattern)
    return found == (operator == "==")


def _matches(value: str, pattern: str) -> bool:
    return any(fnmatchcase(value, each) for each in pattern.split("|"))
