"""What the tests of the virtual USB do again and again."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.virtual_usb import VirtualBoard, VirtualBus


def said(done: subprocess.CompletedProcess[str]) -> str:
    """picotool's text, without line ends: it wraps at 80 columns, into a pipe too."""
    return " ".join(done.stdout.split())


def at(board: VirtualBoard) -> tuple[str, ...]:
    """Options that name a board by bus and address."""
    return ("--bus", str(board.bus_number), "--address", str(board.address))


def written(board: VirtualBoard, data: bytes) -> bool:
    """Whether the flash begins with these bytes, and is erased behind them."""
    return board.flash == data.ljust(len(board.flash), b"\xff")


def values(folder: Path, *names: str) -> tuple[str, ...]:
    """What files of sysfs say."""
    return tuple((folder / name).read_text().strip() for name in names)


def wait_for_another_address(bus: VirtualBus, board: VirtualBoard, old: int) -> None:
    """Waits until the board was away and is back."""
    bus.wait_for(lambda: board.address not in (0, old))
