"""What `tflm-hil doctor` looks at in the operating system. Nothing is run, and nothing changed."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.boards.pico.access import denied_nodes, usb_node
from harness.boards.pico.usb import DEV, UsbDevice, this_computer

# Where udev reads rules from; tests put others in their place.
RULES = tuple(map(Path, ("/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d")))
PROC = Path("/proc")

_GROUP = "dialout"
_MAX_BYTES = 256 * 1024
_COPY = "copy ci/60-tflm-hil.rules to /etc/udev/rules.d, run `udevadm control --reload`, and plug the board in anew"


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        name: what was looked at.
        ok: whether it is as it should be.
        text: what it is.
        fix: what a person can do about it.
        needed: whether the board that is asked about cannot be used without it.
        details: more lines about it.
    """

    name: str
    ok: bool
    text: str
    fix: str = ""
    needed: bool = False
    details: tuple[str, ...] = ()


def udev_rules() -> Check:
    """Rules that let users at Picos. Whether they are needed says `permissions`."""
    name = "udev rules"
    if sys.platform != "linux":
        return Check(name, True, "not needed on this system")
    found = [path for path in _rules() if "2e8a" in _content(path)]
    if found:
        return Check(name, True, ", ".join(map(str, found)))
    return Check(name, False, "none for Raspberry Pi's boards", _COPY)


def dialout() -> Check:
    """Whether this user is in the group that serial ports belong to."""
    name = f"group {_GROUP}"
    if sys.platform != "linux" or os.geteuid() == 0:
        return Check(name, True, "not needed: root" if sys.platform == "linux" else "not needed on this system")
    try:
        group = grp.getgrnam(_GROUP)
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return Check(name, True, "there is no such group, or no such user, here")
    if group.gr_gid in (os.getegid(), *os.getgroups()):
        return Check(name, True, f"{user} is in it")
    if user in group.gr_mem:
        return Check(name, False, f"{user} is in it, but was not at login", "log out and in again")
    return Check(name, False, f"{user} is not in it", f"`sudo usermod -aG {_GROUP} {user}`, then log out and in again")


def modem_manager() -> Check:
    """Whether ModemManager runs and is not told to keep away: it talks to new ports, which holds them."""
    name = "ModemManager"
    if not any(_content(path).strip() == name for path in _processes()):
        return Check(name, True, "does not run")
    if any("2e8a" in text and "ID_MM_DEVICE_IGNORE" in text for text in map(_content, _rules())):
        return Check(name, True, "runs; the udev rules keep it away")
    return Check(name, False, "runs, and holds a board's port for seconds after each restart", _COPY)


def permissions(needed_at: str | None) -> Iterator[Check]:
    """Whether this user may use the attached boards.

    Args:
        needed_at: the USB port of the board that is asked about, or None.
    """
    for device in this_computer().devices():
        if not device.is_pico:
            continue
        name, needed = f"access to {device.port_path}", device.port_path == needed_at
        denied = denied_nodes(device)
        if denied:
            text = f"{' and '.join(map(str, denied))}: may not be read and written"
            yield Check(name, False, text, _COPY, needed=needed)
        elif sys.platform == "linux" and os.geteuid() == 0 and (closed := _closed(device)):
            # Root may do everything: the mode bits tell what others may.
            yield Check(name, False, f"{' and '.join(closed)}: for root alone", _COPY)
        else:
            yield Check(name, True, f"{device.mode.value}, may be read and written", needed=needed)


def _closed(device: UsbDevice) -> list[str]:
    """The board's nodes that nobody but root may read and write, with their modes."""
    found = []
    for node in (usb_node(device, DEV), *device.ttys):
        try:
            status = node.stat() if node is not None else None
        except OSError:
            continue
        if status is None:
            continue
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o006 != 0o006 and not (mode & 0o060 == 0o060 and status.st_gid != 0):
            found.append(f"{node} (mode {mode:04o})")
    return found


def _rules() -> Iterator[Path]:
    for folder in RULES:
        try:
            yield from sorted(path for path in folder.iterdir() if path.suffix == ".rules")
        except OSError:
            continue


def _processes() -> Iterator[Path]:
    try:
        yield from (entry / "comm" for entry in PROC.iterdir() if entry.name.isdecimal())
    except OSError:
        return


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
