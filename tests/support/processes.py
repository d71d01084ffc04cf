"""Looks at processes, to see that none is left."""

from __future__ import annotations

import os
from pathlib import Path

from harness.deadline import Deadline


def is_gone(pid: int) -> bool:
    """Whether a process ends within ten seconds; one that is dead and not yet waited for counts as gone."""
    deadline = Deadline(10)
    while not deadline.expired():
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        os.sched_yield()
    return False


def children(pid: int) -> list[int]:
    """The process ids of a process's children."""
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
