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
from harness.cli.udev import Rules, read_rules

# Where udev reads rules from; tests put others in their place.
RULES = tuple(map(Path, ("/etc/udev/rules.d", "/run/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d")))
PROC = Path("/proc")

_GROUP = "dialout"
_MAX_BYTES = 256 * 1024
# What the rules have to do, in the order of `Rules`.
_PARTS = (
    "access to the USB device (MODE, GROUP or TAG uaccess for vendor 2e8a, whatever the board runs)",
    "access to its serial port (the same for SUBSYSTEM tty)",
    "the drive of BOOTSEL left alone (UDISKS_IGNORE)",
    "ModemManager kept away (ID_MM_DEVICE_IGNORE, ID_MM_PORT_IGNORE)",
)
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
    """Rules that let users at Picos, and other programs not. Whether access is given says `permissions`."""
    name = "udev rules"
    if sys.platform != "linux":
        return Check(name, True, "not needed on this system")
    rules = _read()
    if not rules.files:
        return Check(name, False, "none for Raspberry Pi's boards", _COPY)
    files = ", ".join(map(str, rules.files))
    missing = [
        part for part, there in zip(_PARTS, (rules.usb, rules.tty, rules.drive, rules.modem), strict=True) if not there
    ]
    if not missing:
        return Check(name, True, files)
    access = "access ok, but " if rules.access else ""
    return Check(name, False, f"{files}: {access}missing: {'; '.join(missing)}", _COPY)


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
    if _read().modem:
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


def _read() -> Rules:
    """The rules in udev's order, by their names; of two files of one name the first folder's counts."""
    found: dict[str, Path] = {}
    for folder in RULES:
        try:
            paths = [path for path in folder.iterdir() if path.suffix == ".rules"]
        except OSError:
            continue
        for path in paths:
            found.setdefault(path.name, path)
    return read_rules((path, _content(path)) for _, path in sorted(found.items()))


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
