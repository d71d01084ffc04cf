"""Prints by how many bytes this process grows while log lines pass through the harness's reader.

usage: python -m benchmarks.log_memory PORT BYTES

A process of its own, because memory that an earlier test has freed would hide what the log takes. Counted is the
resident set, as the kernel tells it: from just before the flood, with the port open and one command answered, to the
largest of all samples until the flood's reply is there.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from harness.deadline import Deadline
from harness.protocol.client import Client
from harness.protocol.command import Command
from harness.protocol.devicelog import DeviceLog
from harness.protocol.link import Link
from harness.protocol.transport import SerialTransport

_FLOOD_SECONDS = 50.0
_SAMPLE_SECONDS = 0.002


def resident_bytes() -> int:
    """The size of this process's resident set."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def growth_while_flooded(port: str, size: int) -> int:
    """Bytes by which the resident set grew at its largest.

    Raises:
        TimeoutError: the flood did not end.
        ValueError: lines were lost.
    """
    log = DeviceLog()
    link = Link(SerialTransport(port), log)
    with contextlib.closing(link):
        Client(link).ping()
        command = Command("flood", {"bytes": str(size)}, 1)
        link.listen(command)
        mark = log.mark()
        deadline = Deadline(_FLOOD_SECONDS)
        before = peak = resident_bytes()
        link.send(command.encode(), deadline)
        while (record := link.receive(Deadline(_SAMPLE_SECONDS))) is None:
            peak = max(peak, resident_bytes())
            if deadline.expired():
                raise TimeoutError(f"the flood did not end within {_FLOOD_SECONDS:g} s")
        peak = max(peak, resident_bytes())
    lines = log.mark() - mark - 1  # the reply itself is logged too
    if lines != record["lines"]:
        raise ValueError(f"{record['lines']} lines sent, {lines} came")
    return peak - before


if __name__ == "__main__":
    print(growth_while_flooded(sys.argv[1], int(sys.argv[2])))
