"""The one place where this package waits for something that nobody tells it of."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import TypeVar

from harness.deadline import Deadline

_PAUSE_SECONDS = 0.02

T = TypeVar("T")


def poll(check: Callable[[], T | None], deadline: Deadline, *, pause: float = _PAUSE_SECONDS) -> T | None:
    """Asks again and again until there is an answer.

    inotify tells nothing of sysfs, whose files are made when they are read; the kernel's uevents need a socket that
    containers do not have; and a file lock that gets free wakes nobody who is not blocked by it.

    Args:
        check: None for "not yet". Asked once at least, and once more when the time is up.
        deadline: when to give up.
        pause: seconds between two times.

    Returns:
        The answer, or None if there was none in time.
    """
    while True:
        last = deadline.expired()
        found = check()
        if found is not None or last:
            return found
        select.select([], [], [], min(pause, deadline.remaining()))
