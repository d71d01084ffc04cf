"""From what a person writes after `--board` to a board."""

from __future__ import annotations

from harness.boards.board import Board
from harness.boards.host.board import HostBoard, why_unavailable
from harness.errors import BoardNotFound


def select(text: str) -> Board:
    """The board of that name.

    Raises:
        BoardNotFound: there is none; the message lists what there is.
    """
    if text == "host":
        return HostBoard()
    raise BoardNotFound(f"no board {text!r}; known here: {', '.join(name for name, _ in available())}")


def available() -> list[tuple[str, str]]:
    """Every board that `--board` takes, with one line about it."""
    reason = why_unavailable()
    return [("host", reason or "this computer: TFLM's own interpreter, 64-bit arena bytes")]
