"""A small command, there and back: the harness's `ping` next to pyserial's own write and readline.

pyserial's `readline` makes two system calls per byte. So that nobody takes its time for what a pty costs, a third side
is measured and shown, and held to nothing: `os.write`, `select` and `os.read` alone.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import serial

from benchmarks.fake_c_device import running
from benchmarks.rounds import by_turns
from benchmarks.table import Table
from harness.protocol.client import Client
from harness.protocol.devicelog import DeviceLog
from harness.protocol.link import Link
from harness.protocol.transport import READ_BYTES, SerialTransport

_LIMIT = 1.5
_ROUNDS = 15
_PINGS = 1000
_ANSWER_SECONDS = 10.0


def _median_seconds(action: Callable[[], object]) -> float:
    """The median of `_PINGS` calls: one that the scheduler interrupts does not count for more than one."""
    durations = []
    for _ in range(_PINGS):
        before = time.perf_counter()
        action()
        durations.append(time.perf_counter() - before)
    return median(durations)


def _harness(port: str) -> float:
    with contextlib.closing(Client(Link(SerialTransport(port), DeviceLog()))) as client:
        return _median_seconds(client.ping)


def _bare(port: str) -> float:
    with serial.Serial(port, baudrate=115200, timeout=_ANSWER_SECONDS, exclusive=True) as line:
        number = 0

        def ping() -> None:
            nonlocal number
            number += 1
            line.write(b"ping #%d\n" % number)
            if not line.readline().endswith(b"}\n"):
                raise TimeoutError(f"no answer within {_ANSWER_SECONDS:g} s")

        return _median_seconds(ping)


def _system_calls(port: str) -> float:
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:

        def ping() -> None:
            os.write(descriptor, b"ping #1\n")
            answer = b""
            while not answer.endswith(b"\n"):
                if not select.select([descriptor], [], [], _ANSWER_SECONDS)[0]:
                    raise TimeoutError(f"no answer within {_ANSWER_SECONDS:g} s")
                answer += os.read(descriptor, READ_BYTES)

        return _median_seconds(ping)
    finally:
        os.close(descriptor)


def test_a_ping_costs_hardly_more_than_pyserials_write_and_readline(device_program: Path, table: Table) -> None:
    with running(device_program) as port:
        ours, theirs, alone = by_turns(
            _ROUNDS, lambda: _harness(port), lambda: _bare(port), lambda: _system_calls(port)
        )
    harness, bare = min(ours), min(theirs)
    table.note("`ping` by system calls alone", "", f"{min(alone) * 1e6:.1f} us")
    ratio = harness / bare
    table.judge(
        "round trip of `ping`",
        f"{harness * 1e6:.1f} us",
        f"{bare * 1e6:.1f} us",
        f"{ratio:.2f} x",
        f"<= {_LIMIT} x",
        ok=ratio <= _LIMIT,
    )
