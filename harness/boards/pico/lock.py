"""Locks of the kernel's: a board is one run's, and picotool is called by one at a time on this computer.

A lock is an flock of a file; it ends with the process that holds it, whatever ends that. The files stay: what is in one
tells who holds it, or who did. They are shared by all users of the computer.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.boards.pico.usb import shown
from harness.boards.pico.waiting import poll
from harness.deadline import Deadline
from harness.errors import BoardBusy, HarnessError

# The Filesystem Hierarchy Standard's place for lock files. Where users may not write there, the one that all share.
_SHARED = (Path("/run/lock"), Path("/var/lock"), Path("/tmp"))
# Tests put another in its place.
FOLDER: Path | None = None

HOW_TO_WAIT = "wait until it ends, or have --board-wait SECONDS wait for it"

_MAX_BYTES = 4096
_MAX_FILES = 1024
_MAX_COMMAND = 200
# Whoever has just taken a lock has not yet said who it is, and whoever only looks holds it for a moment.
_GRACE_SECONDS = 0.25
_FOR_ALL = 0o666


class LocksUnusable(HarnessError):
    """There is no place for lock files that all users share."""

    advice = "have the administrator make /run/lock writable for all, with the sticky bit, as systemd does"


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as it wrote itself: not to be trusted, only to be shown.

    Attributes:
        pid: its process.
        command: what it was started with.
        since: since when, in seconds since the epoch.
        names: by which names what it holds is known.
    """

    pid: int
    command: str
    since: float
    names: tuple[str, ...] = ()

    def describe(self) -> str:
        """Who, and since when."""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"process {self.pid} (`{self.command}`) since {when}"


def lock_folder() -> Path:
    """The folder that all users' locks are in.

    Raises:
        LocksUnusable: there is none.
    """
    if FOLDER is not None:
        return _made(FOLDER)
    for parent in _SHARED:
        # Not what this user may do: all users must come to the same folder.
        if parent.is_dir() and parent.stat().st_mode & stat.S_IWOTH:
            return _made(parent / "tflm-hil")
    raise LocksUnusable(f"a folder for lock files expected among {', '.join(map(str, _SHARED))}, none can be written")


class Lock:
    """A lock that this process may hold.

    Args:
        folder: from `lock_folder`.
        key: what is locked; any text.
        what: how a person calls it.
    """

    def __init__(self, folder: Path, key: str, what: str) -> None:
        self._path = folder / f"{_file_name(key)}.lock"
        self._what = what
        self._fd = -1

    @property
    def descriptor(self) -> int:
        """The open file, for programs that shall hold the lock too; -1 while it is not held."""
        return self._fd

    def take(self, wait: float = 0.0, *, names: Iterable[str] = ()) -> None:
        """Takes it.

        Args:
            wait: how many seconds to wait for whoever has it.
            names: what to tell others of what is held.

        Raises:
            BoardBusy: somebody else has it.
            LocksUnusable: its file cannot be opened.
        """
        assert self._fd < 0
        fd = poll(self._try, Deadline(max(wait, _GRACE_SECONDS)))
        if fd is None:
            raise self._busy(wait)
        self._fd = fd
        _write(fd, tuple(names))

    def release(self) -> None:
        """Lets it go; a second call does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.ftruncate(fd, 0)
            os.close(fd)

    def holder(self) -> Holder | None:
        """Who has it now; None if nobody has, or it cannot be known."""
        return _held_by(self._path)

    def _try(self) -> int | None:
        fd = _open(self._path)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        # A file that was removed meanwhile locks nothing: the next one makes another.
        try:
            same = os.path.samestat(os.fstat(fd), self._path.stat())
        except FileNotFoundError:
            same = False
        if not same:
            os.close(fd)
            return None
        return fd

    def _busy(self, wait: float) -> BoardBusy:
        waited = f", and still is after {wait:g} s" if wait else ""
        # Whoever took it a moment ago may not have come to write who it is.
        holder = poll(lambda: _read(self._path), Deadline(_GRACE_SECONDS))
        if holder is None:
            return BoardBusy(f"{self._what} is in use by another process{waited}")
        return BoardBusy(
            f"{self._what} is in use by {holder.describe()}{waited}",
            pid=holder.pid,
            command=holder.command,
            since=holder.since,
            advice=None if wait else HOW_TO_WAIT,
        )


def holders(folder: Path) -> list[Holder]:
    """Everybody who holds a lock now."""
    found = []
    for path, _ in zip(sorted(folder.glob("*.lock")), range(_MAX_FILES), strict=False):
        holder = _held_by(path)
        if holder is not None:
            found.append(holder)
    return found


def _held_by(path: Path) -> Holder | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(path)
    finally:
        os.close(fd)
    return None


def _made(folder: Path) -> Path:
    try:
        folder.mkdir()
        # Not mkdir's mode: umask would take from it.
        folder.chmod(0o1777)
    except FileExistsError:
        pass
    except OSError as error:
        raise LocksUnusable(f"a folder for lock files expected, {folder} cannot be made: {error.strerror}") from None
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise LocksUnusable(f"a folder expected, {folder} is none", advice=f"remove {folder}")
    return folder


def _open(path: Path) -> int:
    """The lock file, made if it is not there. Without O_CREAT first: Linux refuses that for others' files here."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        while True:
            try:
                return os.open(path, flags)
            except FileNotFoundError:
                pass
            try:
                fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, _FOR_ALL)
            except FileExistsError:
                continue
            os.fchmod(fd, _FOR_ALL)
            return fd
    except OSError as error:
        raise LocksUnusable(
            f"a lock file that all users may open expected, {path}: {error.strerror}", advice=f"remove {path}"
        ) from None


def _write(fd: int, names: tuple[str, ...]) -> None:
    command = " ".join(part if part.isprintable() else ascii(part) for part in (Path(sys.argv[0]).name, *sys.argv[1:]))
    said = {"pid": os.getpid(), "command": command[:_MAX_COMMAND], "since": time.time(), "names": names}
    os.ftruncate(fd, 0)
    os.pwrite(fd, json.dumps(said).encode(), 0)


def _read(path: Path) -> Holder | None:
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_MAX_BYTES))
        names = tuple(shown(str(name)) for name in told.get("names", ())[:16])
        return Holder(int(told["pid"]), shown(str(told["command"])), float(told["since"]), names)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _file_name(key: str) -> str:
    """A key as a file's name: what is not a letter, digit, point or dash is written by its number."""
    return "".join(c if c.isascii() and (c.isalnum() or c in ".-") else f"_{ord(c):x}_" for c in key)[:200]
