"""From what a person writes after `--board` to a board."""

from __future__ import annotations

from dataclasses import dataclass

from harness.boards.board import Board
from harness.boards.host.board import HostBoard, why_unavailable
from harness.errors import BoardNotFound


@dataclass(frozen=True)
class Candidate:
    """A board that `--board` takes.

    Attributes:
        name: what to write after `--board`.
        usable: whether it can be used now.
        about: one line: what it is, or why it cannot be used.
    """

    name: str
    usable: bool
    about: str


def select(text: str) -> Board:
    """The board of that name.

    Raises:
        BoardNotFound: there is none; the message lists what there is.
    """
    if text == "host":
        return HostBoard()
    known = ", ".join(board.name for board in available())
    raise BoardNotFound(f"no board is called {text!r}; there is: {known}")


def available() -> list[Candidate]:
    """Every board that `--board` takes."""
    reason = why_unavailable()
    about = "this computer: TFLM's own interpreter; arena bytes of a 64-bit computer"
    return [Candidate("host", reason is None, reason or about)]
