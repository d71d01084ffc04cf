"""picotool: found, of a version that can be used, called one at a time, and believed only when it says that it worked.

Source: picotool's own, 2.1.1. Its exit code is an int cut to eight bits, and 0 is no proof that anything was written.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.boards.pico.failures import (
    NotReachable,
    NotVerified,
    PicotoolFailed,
    PicotoolHung,
    PicotoolMissing,
    PicotoolTooOld,
    failure_of,
    folded,
)
from harness.boards.pico.lock import Lock
from harness.boards.pico.names import SERIAL
from harness.boards.pico.program import Ended, run_program
from harness.boards.pico.usb import UsbDevice
from harness.deadline import Deadline
from harness.errors import WrongBoard

# The one to use where PATH has none, or an older one.
OVERRIDE = "TFLM_HIL_PICOTOOL"
LEAST = (2, 1, 1)

_VERSION_SECONDS = 10.0
_REBOOT_SECONDS = 15.0
# A whole flash of 2 MiB takes 10 s to write and 5 s to read back; of 16 MiB eight times as much.
_LOAD_SECONDS = 180.0
# Others' boards are flashed meanwhile, one after another.
_TURN_SECONDS = 300.0

_VERSION = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})")
_PERCENT = re.compile(r"(Loading|Verifying)[^\[\]]{0,80}\[[= ]*\]\s*([0-9]{1,3})%")
# What is kept of the output between two pieces: a progress bar that was cut is shorter.
_TAIL_CHARS = 200

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Picotool:
    """A picotool that can be used.

    Attributes:
        path: the program.
        version: which one.
        locks: the folder with the lock that all who call picotool on this computer take.
    """

    path: Path
    version: tuple[int, int, int]
    locks: Path

    def reboot_to_bootsel(self, device: UsbDevice) -> None:
        """Asks a running firmware's reset interface for BOOTSEL. It is only asked: whether it comes must be watched.

        Raises:
            NoPermission, PicotoolFailed: it cannot be asked.
        """
        arguments = ["reboot", "-u", "-f", *_which(device)]
        self._call(arguments, "a restart into BOOTSEL", _REBOOT_SECONDS)

    def reboot_to_application(self, device: UsbDevice) -> None:
        """Asks for a start of the firmware: the reset interface of a running one, or the boot ROM in BOOTSEL.

        Raises:
            NoPermission, PicotoolFailed: it cannot be asked.
        """
        arguments = ["reboot", "-a", "-f", *_which(device)]
        self._call(arguments, "a restart", _REBOOT_SECONDS)

    def load(self, file: Path, device: UsbDevice, progress: Progress, *, serial: str | None = None) -> None:
        """Writes a UF2 to a board in BOOTSEL, compares, and starts it.

        Args:
            file: the UF2; an absolute path, which cannot be taken for an option.
            device: the board.
            progress: told "writing" or "verifying", and the percentage.
            serial: the number that its flash must have; picotool asks it before it writes. None for any.

        Raises:
            WrongBoard: its flash has another number. Nothing was written.
            NoPermission, PicotoolFailed: it is not proved that all of it was written.
        """
        where = [*_which(device), *([] if device.address else ["-f"])]
        if serial is not None:
            where += ["--ser", serial]
        tail = ""

        def watch(text: str) -> None:
            nonlocal tail
            tail += text
            for found in _PERCENT.finditer(tail):
                progress("writing" if found[1] == "Loading" else "verifying", min(int(found[2]), 100))
            # What was read to its end is not read again.
            tail = tail[max(tail.rfind("%") + 1, len(tail) - _TAIL_CHARS) :]

        try:
            said = self._call(
                ["load", "-v", "-x", str(file), "-t", "uf2", *where],
                "flashing",
                _LOAD_SECONDS,
                "rebooted to start the application",
                watch,
            )
        except NotReachable:
            if serial is None:
                raise
            self._explain_unreachable(file, device)
            raise WrongBoard(
                f"{device.describe()}: a board whose flash has serial number {serial} expected, another one is in "
                "BOOTSEL there; nothing was written",
                expected=serial,
                came="another board",
            ) from None
        # One OK for each piece of memory that was compared.
        text = folded(said)
        if " ok" not in text.rpartition("verifying")[2] or "failed" in text:
            raise PicotoolFailed(
                "flashing: the word OK expected after comparing, it did not come (exit code 0)", code=0, output=said
            )

    def _explain_unreachable(self, file: Path, device: UsbDevice) -> None:
        """With a serial number, picotool says the same of a board with another one and of one that it cannot open.

        Raises:
            NoPermission, PicotoolFailed: it cannot be reached without a number either.
        """
        # It reads, writes nothing, and ends at the first difference.
        with contextlib.suppress(NotVerified):
            self._call(["verify", str(file), "-t", "uf2", *_which(device)], "looking at the board", _LOAD_SECONDS)

    def _call(
        self,
        arguments: list[str],
        what: str,
        seconds: float,
        sentence: str = "",
        watch: Callable[[str], None] = lambda text: None,
    ) -> str:
        """Runs it, alone on this computer. A picotool that outlives us keeps the lock until it ends.

        Args:
            sentence: what proves that it worked; "" where nothing is demanded: `reboot` in 2.1.1 reads a
                variable that nobody has set, and may be silent.
        """
        lock = Lock(self.locks, "picotool", "picotool, which works for one at a time on this computer,")
        lock.take(_TURN_SECONDS)
        try:
            ended = _run([str(self.path), *arguments], seconds, watch, (lock.descriptor,))
        finally:
            lock.release()
        if ended.code is None:
            raise PicotoolHung(
                f"{what}: an end of picotool within {seconds:g} s expected, it was ended by force",
                code=None,
                output=ended.output,
            )
        if ended.code != 0:
            raise failure_of(what, ended.code, ended.output)
        if sentence not in folded(ended.output):
            raise PicotoolFailed(
                f"{what}: the words {sentence!r} expected of picotool, they did not come (exit code 0)",
                code=0,
                output=ended.output,
            )
        return ended.output


def find_picotool(locks: Path, explicit: Path | None = None) -> Picotool:
    """The picotool to use.

    Args:
        locks: from `lock_folder`.
        explicit: the one to take, or None for that of the environment variable `OVERRIDE`, else of PATH, else the one
            that ci/picotool.sh has built.

    Raises:
        PicotoolMissing: there is none that runs.
        PicotoolTooOld: it is too old.
    """
    stated = str(explicit) if explicit is not None else os.environ.get(OVERRIDE, "")
    names = [stated] if stated else ["picotool", _brought()]
    found = [path for name in names if (path := shutil.which(name)) is not None]
    if not found:
        where = f"at {stated}" if stated else "in PATH"
        raise PicotoolMissing(f"picotool expected {where}, there is none that can be run")
    try:
        return _usable(Path(found[0]).absolute(), locks)
    except PicotoolTooOld:
        # A distribution's own; the one that ci/picotool.sh has built was built for that.
        if len(found) == 1:
            raise
        return _usable(Path(found[1]).absolute(), locks)


def _usable(path: Path, locks: Path) -> Picotool:
    try:
        # Not `info`, which crashes in 2.3.0 with an RP2040.
        ended = _run([str(path), "version"], _VERSION_SECONDS, lambda text: None, ())
    except OSError as error:
        raise PicotoolMissing(f"{path}: a program that runs here expected: {error.strerror}") from None
    said = _VERSION.search(ended.output)
    if ended.code != 0 or said is None:
        raise PicotoolMissing(f"{path}: picotool expected, what came is {ended.output[:200]!r}, exit code {ended.code}")
    version = (int(said[1]), int(said[2]), int(said[3]))
    if version < LEAST:
        shown = ".".join(map(str, version))
        raise PicotoolTooOld(
            f"picotool {'.'.join(map(str, LEAST))} or newer expected, {path} is {shown}", version=shown
        )
    return Picotool(path, version, locks)


def _brought() -> str:
    # The XDG base directory specification has relative paths ignored.
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():
        cache = Path(os.path.expanduser("~")) / ".cache"  # noqa: PTH111
    return str(cache / "tflm-hil" / "picotool-2.1.1" / "picotool")


def _run(command: list[str], seconds: float, watch: Callable[[str], None], keep_open: tuple[int, ...]) -> Ended:
    return run_program(command, Deadline(seconds), on_output=watch, keep_open=keep_open)


def _which(device: UsbDevice) -> list[str]:
    if device.address:
        return ["--bus", str(device.bus), "--address", str(device.address)]
    # The device's own words: they must not be options.
    if not SERIAL.fullmatch(device.serial):
        raise NotReachable(
            f"a serial number of 16 digits expected, {device.serial!r} came: picotool cannot be told which board",
            code=None,
            output="",
        )
    return ["--ser", device.serial]
