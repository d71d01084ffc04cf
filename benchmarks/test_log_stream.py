"""20 MB of log lines: the harness's reader next to a loop that reads and throws away; and how much memory they take."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.cores import running_on_another_core
from benchmarks.fake_c_device import running
from benchmarks.rounds import by_turns
from benchmarks.table import Table
from harness.protocol.client import Client
from harness.protocol.devicelog import DeviceLog
from harness.protocol.link import Link
from harness.protocol.transport import READ_BYTES, SerialTransport

_BYTES = 20_000_000
_LIMIT = 0.5
_ROUNDS = 15
_FLOOD_SECONDS = 60.0
_MEMORY_LIMIT = 5_000_000
_MEMORY_PROGRAM = "benchmarks.log_memory"


def _harness(port: str) -> float:
    """Bytes per second through port, reader thread, parser and log; each line is timestamped and counted."""
    log = DeviceLog()
    with contextlib.closing(Client(Link(SerialTransport(port), log))) as client:
        mark = log.mark()
        before = time.perf_counter()
        told = client.request("flood", {"bytes": str(_BYTES)}, seconds=_FLOOD_SECONDS).final
        seconds = time.perf_counter() - before
    command_and_reply = 2
    assert log.mark() - mark == told["lines"] + command_and_reply
    assert told["bytes"] >= _BYTES
    return float(told["bytes"] / seconds)


def _bare(port: str) -> float:
    """Bytes per second through `select` and `os.read`, thrown away."""
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        total = 0
        before = time.perf_counter()
        os.write(descriptor, b"flood bytes=%d #1\n" % _BYTES)
        while True:
            if not select.select([descriptor], [], [], _FLOOD_SECONDS)[0]:
                raise TimeoutError(f"nothing came for {_FLOOD_SECONDS:g} s")
            data = os.read(descriptor, READ_BYTES)
            total += len(data)
            # The reply, and with it the end: no log line ends so.
            if data.endswith(b"}\n"):
                break
        seconds = time.perf_counter() - before
    finally:
        os.close(descriptor)
    assert total >= _BYTES
    return total / seconds


def test_a_flood_of_log_lines_is_read_at_half_the_speed_of_throwing_it_away(device_program: Path, table: Table) -> None:
    with running_on_another_core(device_program) as port:
        ours, theirs = by_turns(_ROUNDS, lambda: _harness(port), lambda: _bare(port))
    harness, bare = max(ours), max(theirs)
    share = harness / bare
    table.judge(
        "20 MB of log lines",
        f"{harness / 1e6:.1f} MB/s",
        f"{bare / 1e6:.1f} MB/s",
        f"{share:.0%}",
        f">= {_LIMIT:.0%}",
        ok=share >= _LIMIT,
    )


def test_a_flood_of_log_lines_takes_no_memory(device_program: Path, table: Table) -> None:
    with running(device_program) as port:
        done = subprocess.run(
            [sys.executable, "-m", _MEMORY_PROGRAM, port, str(_BYTES)],
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            timeout=_FLOOD_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    growth = int(done.stdout)
    table.judge(
        "memory for 20 MB of log lines",
        f"{growth / 1e6:.2f} MB",
        "",
        f"{growth / 1e6:.2f} MB",
        f"< {_MEMORY_LIMIT / 1e6:g} MB",
        ok=growth < _MEMORY_LIMIT,
    )
