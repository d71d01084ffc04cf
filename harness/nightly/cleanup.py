"""Removes old nights: by age, and while the disk has too little room. Bounded: what must stay stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from harness.measure.bytesize import format_bytes
from harness.nightly.folders import nights_in
from harness.nightly.status import read_night


@dataclass(frozen=True)
class Retention:
    """What stays.

    Attributes:
        nights: the newest so many stay, whatever else holds.
        days: older ones are removed.
        free: bytes that the disk shall have free; older ones are removed until it has.
    """

    nights: int = 14
    days: int = 90
    free: int = 2 * 1024**3


@dataclass(frozen=True)
class Cleaned:
    """What was done.

    Attributes:
        removed: names of nights.
        notes: what a person should hear of.
    """

    removed: tuple[str, ...]
    notes: tuple[str, ...]


def clean_up(
    nights: Path, keep: Retention, now: datetime, *, free_bytes: Callable[[Path], int] | None = None
) -> Cleaned:
    """Removes old nights.

    Never one of the newest, never one that did not pass (those are what one comes back to), and nothing that is not a
    night of this folder: a folder of such a name with the result of a night in it.

    Args:
        nights: the folder of the nights.
        keep: what stays.
        now: the time that ages are counted from.
        free_bytes: how much room the disk of a path has.
    """
    free = free_bytes or _free_bytes
    found = nights_in(nights)
    old = found[: max(0, len(found) - keep.nights)]
    removable = [night for night in old if _passed(night)]
    oldest_kept = f"{now - timedelta(days=keep.days):%Y-%m-%dT%H-%M-%S}"
    removed: list[str] = []
    notes: list[str] = []
    for night in removable:
        if night.name >= oldest_kept and free(nights) >= keep.free:
            break
        try:
            shutil.rmtree(night)
        except OSError as error:
            notes.append(f"{night.name} cannot be removed: {error.strerror}")
            continue
        removed.append(night.name)
    left = free(nights)
    if left < keep.free:
        notes.append(f"disk: {format_bytes(left)} free, {format_bytes(keep.free)} wanted, no more nights to remove")
    return Cleaned(tuple(removed), tuple(notes))


def _passed(night: Path) -> bool:
    told = read_night(night)
    return told is not None and told.verdict == "passed"


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(path).free
