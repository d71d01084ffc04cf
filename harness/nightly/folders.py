"""Where nights lie: one folder for all of them, in it one for each."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from harness.nightly.errors import NightBusy, NightUnusable

# A folder of this name in the nights' folder is a night; nothing else there is touched.
NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}(?:\.[0-9]{1,2})?")
LATEST = "latest"
HISTORY = "history"
_LOCK = ".lock"
_MOST_IN_A_SECOND = 100
_MAX_LOCK_BYTES = 4096


@contextlib.contextmanager
def locked(nights: Path, since: datetime) -> Iterator[None]:
    """Holds the folder of the nights, which it makes; the kernel lets it go, whatever ends the process.

    Raises:
        NightBusy: another run holds it.
        NightUnusable: it cannot be made or locked.
    """
    try:
        nights.mkdir(parents=True, exist_ok=True)
        lock = os.open(nights / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise NightUnusable(f"a folder for nights expected, {nights}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NightBusy(f"{nights}: another nightly run is under way{_holder(lock)}") from None
        except OSError as error:
            raise NightUnusable(f"{nights} cannot be locked: {error.strerror}") from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps({"pid": os.getpid(), "since": f"{since:%Y-%m-%d %H:%M:%S}"}).encode(), 0)
        yield
    finally:
        os.close(lock)


def _holder(lock: int) -> str:
    try:
        told = json.loads(os.pread(lock, _MAX_LOCK_BYTES, 0))
        return f": process {int(told['pid'])}, since {str(told['since'])[:40]!r}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def make_night(nights: Path, started: datetime) -> Path:
    """A new folder for a night, named by when it began.

    Raises:
        NightUnusable: it cannot be made.
    """
    name = f"{started:%Y-%m-%dT%H-%M-%S}"
    try:
        for number in range(_MOST_IN_A_SECOND):
            folder = nights / (f"{name}.{number}" if number else name)
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                return folder
    except OSError as error:
        raise NightUnusable(f"a folder for the night expected in {nights}: {error.strerror}") from None
    raise NightUnusable(f"{nights / name} and {_MOST_IN_A_SECOND - 1} more of that second are there already")


def nights_in(nights: Path) -> list[Path]:
    """The folders of all nights, the oldest first. A link is none of them, wherever it leads."""
    if not nights.is_dir():
        return []
    return sorted(path for path in nights.iterdir() if NAME.fullmatch(path.name) and _is_folder(path))


def point_to(night: Path) -> None:
    """Has the link `latest` lead to this night; in one step, and only if nothing but a link stands in its place."""
    link = night.parent / LATEST
    if link.exists() and not link.is_symlink():
        return
    fresh = night.parent / f".{LATEST}.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(night.name)
    fresh.replace(link)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
