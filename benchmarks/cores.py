"""Gives the device a core of its own, as a device is a computer of its own.

Whether writer and reader of a pty share a core changes its throughput threefold. Left to the scheduler, one side of a
comparison may be lucky and the other not.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fake_c_device import running


@contextlib.contextmanager
def running_on_another_core(program: Path) -> Iterator[str]:
    """Runs the device on one core and the calling thread, with all threads that it starts, on another.

    Yields the name of the port. Where there is only one core, or no way to choose, the scheduler decides.
    """
    ours = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set[int]()
    with contextlib.ExitStack() as stack:
        if len(ours) < 2:
            yield stack.enter_context(running(program))
            return
        host, device, *_ = sorted(ours)
        stack.callback(os.sched_setaffinity, 0, ours)
        # A process starts on the cores of the thread that starts it.
        os.sched_setaffinity(0, {device})
        port = stack.enter_context(running(program))
        os.sched_setaffinity(0, {host})
        yield port
