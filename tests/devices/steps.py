"""What tests of the loopback firmware do again and again."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from harness.boards.emulator.board import EmulatorBoard
from harness.crash.symbols import Symbols
from harness.errors import LinkLost
from harness.protocol.client import Client
from harness.protocol.messages import Identity
from tests.support.processes import children

# For what takes a moment, on a computer that has much else to do.
SECONDS = 60.0
CLOCK_HZ = 125_000_000


def open_model(client: Client, name: str, arena: int | None = 32768) -> int:
    """Opens a model and returns its session."""
    opened = client.open(name, arena=arena, preserve_all_tensors=False, resource_variables=0)
    return opened.opened.session


def invoke(client: Client, session: int, *, warmup: int = 0, repeats: int = 1, profile: bool = False) -> list[int]:
    """Invokes, and returns the durations in cycles."""
    times = client.invoke(session, warmup=warmup, repeats=repeats, profile=profile, seconds=SECONDS)
    assert times.tick_hz == CLOCK_HZ
    return list(times.ticks)


def count_of(client: Client, session: int) -> int:
    """How often the session was invoked, as the model says."""
    number: int = struct.unpack("<I", client.read_output(session, 1, seconds=SECONDS))[0]
    return number


def echo(client: Client, session: int, data: bytes) -> bytes:
    """Sends data through the model and back."""
    client.write_input(session, 0, data, seconds=SECONDS)
    invoke(client, session)
    return client.read_output(session, 0, seconds=SECONDS)


def log_lines(client: Client, number: int, size: int) -> None:
    """Has the firmware print."""
    client.request("log", {"lines": str(number), "bytes": str(size)}, seconds=SECONDS)


def line(number: int, size: int) -> bytes:
    """One of the lines that it prints, without its line feed."""
    return f"line {number:06d} ".encode().ljust(size - 1, b".")[: size - 1]


def fault(board: EmulatorBoard, client: Client, kind: str) -> tuple[Client, Identity]:
    """Crashes the firmware, and asks it about that when it is back."""
    with pytest.raises(LinkLost, match="hung up"):
        client.request("fault", {"kind": kind}, seconds=SECONDS)
    again = board.connect()
    return again, again.identify(seconds=SECONDS)


def reboot(board: EmulatorBoard, client: Client) -> Client:
    """Has the firmware restart, and returns a client for it; `client` is dead then."""
    client.reboot()
    return board.connect()


def function_at(board: EmulatorBoard, address: int, *, is_return: bool = False) -> str:
    """The firmware's function there, without its namespaces."""
    place = Symbols(board.firmware.elf).place(address, is_return=is_return)
    return "" if place is None else place.function.rsplit("::", 1)[-1]


def emulator_pid(board: EmulatorBoard) -> int:
    """The process that the board is."""
    flash = os.fsencode(board._slot.flash)
    [pid] = [pid for pid in children(os.getpid()) if flash in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return pid


def notice(board: EmulatorBoard) -> None:
    """Returns when the emulator has looked at its port once more: a client that closed it is noticed then."""
    for _ in range(2):
        assert board.usb_state
