"""Locks of the kernel's: a board is one run's, and picotool is called by one at a time on this computer.

A lock is an flock of a file; it ends with the process that holds it, whatever ends that. The files stay: what is in one
tells who holds it, or who did. They are shared by all users of the computer.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import math
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
_MAX_NAMES = 16
_MAX_NAME = 126
_MAX_PID = 2**31
_MAX_FILE_NAME = 200
# Whoever has just taken a lock has not yet said who it is, and whoever only looks holds it for a moment.
_GRACE_SECONDS = 0.25
_FOR_ALL = 0o666
_SHARED_MODE = stat.S_IWOTH | stat.S_ISVTX
_FOLDER_MODE = 0o1777
# What stands in the place of a lock file may be another user's trap: a link, or a pipe that is never written to.
_NO_TRAP = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


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
        # Not what this user may do: all users must come to the same folder. And only a sticky one keeps what is in it
        # from being replaced by another user.
        if parent.is_dir() and parent.stat().st_mode & _SHARED_MODE == _SHARED_MODE:
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
        self._path = file_of(folder, key, "lock")
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
        fd = open_for_all(self._path)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A file that was removed meanwhile locks nothing: the next one makes another.
            if os.path.samestat(os.fstat(fd), self._path.lstat()):
                return fd
        except (BlockingIOError, FileNotFoundError):
            pass
        except OSError as error:
            os.close(fd)
            raise LocksUnusable(
                f"a folder of a file system that has locks expected, {self._path.parent}: {error.strerror}",
                advice="have the administrator make it a folder of a local file system",
            ) from None
        os.close(fd)
        return None

    def _busy(self, wait: float) -> BoardBusy:
        waited = f", and still is after {wait:.1f} s" if wait else ""
        # Whoever took it a moment ago may not have come to write who it is.
        holder = poll(lambda: _read(self._path), Deadline(_GRACE_SECONDS))
        if holder is None:
            return BoardBusy(f"{self._what} is in use by another process{waited}", advice=None if wait else HOW_TO_WAIT)
        return BoardBusy(
            f"{self._what} is in use by {holder.describe()}{waited}",
            pid=holder.pid,
            command=holder.command,
            since=holder.since,
            advice=None if wait else HOW_TO_WAIT,
        )


def file_of(folder: Path, key: str, ending: str) -> Path:
    """The file for a key, which may be any text."""
    return folder / f"{_file_name(key)}.{ending}"


def open_for_all(path: Path) -> int:
    """A file that all users may write to, made if it is not there; its descriptor.

    Raises:
        LocksUnusable: it cannot be had, or what stands there is no plain file.
    """
    # Without O_CREAT first: Linux refuses that for others' files in such a folder.
    flags = os.O_RDWR | _NO_TRAP
    try:
        while True:
            try:
                return _plain(os.open(path, flags), path)
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
        fd = os.open(path, os.O_RDONLY | _NO_TRAP)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _told(fd)
    except OSError:
        return None
    finally:
        os.close(fd)
    return None


def _made(folder: Path) -> Path:
    try:
        folder.mkdir()
        # Not mkdir's mode: umask would take from it.
        folder.chmod(_FOLDER_MODE)
    except FileExistsError:
        pass
    except OSError as error:
        raise LocksUnusable(f"a folder for lock files expected, {folder} cannot be made: {error.strerror}") from None
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise LocksUnusable(f"a folder expected, {folder} is none", advice=f"remove {folder}")
    # Whoever makes it just now has not come to the mode yet; whoever was ended between the two never will.
    if poll(lambda: _for_all(folder) or None, Deadline(_GRACE_SECONDS)) is None:
        raise LocksUnusable(
            f"a folder that all users may write to expected, {folder} is not that",
            advice=f"have its owner remove {folder}",
        )
    return folder


def _for_all(folder: Path) -> bool:
    found = folder.lstat()
    if found.st_mode & _SHARED_MODE == _SHARED_MODE:
        return True
    if found.st_uid == os.geteuid():
        folder.chmod(_FOLDER_MODE)
        return True
    return False


def _plain(fd: int, path: Path) -> int:
    """The same descriptor, if what it is of can be written to: not another file's second name, and no pipe."""
    found = os.fstat(fd)
    if stat.S_ISREG(found.st_mode) and found.st_nlink <= 1:
        return fd
    os.close(fd)
    raise LocksUnusable(f"a plain file expected, {path} is none", advice=f"remove {path}")


def _write(fd: int, names: tuple[str, ...]) -> None:
    program = Path(sys.argv[0])
    # `python -m pytest` is pytest/__main__.py to itself.
    name = program.parent.name if program.name == "__main__.py" else program.name
    command = " ".join(part if part.isprintable() else ascii(part) for part in (name, *sys.argv[1:]))
    short = [name[:_MAX_NAME] for name in names[:_MAX_NAMES]]
    said = {"pid": os.getpid(), "command": command[:_MAX_COMMAND], "since": time.time(), "names": short}
    # On a full disk others are not told who it is; the lock is one all the same.
    with contextlib.suppress(OSError):
        os.ftruncate(fd, 0)
        os.pwrite(fd, json.dumps(said).encode(), 0)


def _read(path: Path) -> Holder | None:
    try:
        fd = os.open(path, os.O_RDONLY | _NO_TRAP)
    except OSError:
        return None
    try:
        return _told(fd)
    finally:
        os.close(fd)


def _told(fd: int) -> Holder | None:
    try:
        told = json.loads(os.pread(fd, _MAX_BYTES, 0))
        pid, since = int(told["pid"]), float(told["since"])
        if not 0 < pid < _MAX_PID or not math.isfinite(since):
            return None
        names = tuple(shown(str(name)) for name in told.get("names", ())[:_MAX_NAMES])
        holder = Holder(pid, shown(str(told["command"])), since, names)
        # A time that no calendar has.
        holder.describe()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return holder


def _file_name(key: str) -> str:
    """A key as a file's name: what is not a letter, digit, point or dash is written by its number."""
    name = "".join(c if c.isascii() and (c.isalnum() or c in ".-") else f"_{ord(c):x}_" for c in key)
    if len(name) <= _MAX_FILE_NAME:
        return name
    # No two long keys are one.
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"{name[: _MAX_FILE_NAME - len(digest)]}{digest}"
