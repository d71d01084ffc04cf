"""Why a command was left without its answer: the crash behind it, if the device tells of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.boards.board import Board
from harness.crash.report import explain_crash
from harness.crash.search import Return, find_crash
from harness.errors import HarnessError, LinkLost


@dataclass(frozen=True)
class Cause:
    """What is known of a lost answer.

    Attributes:
        error: what a person is told: the crash, or what the link has noticed.
        back: the device that told of the crash, to go on with; None if none did.
    """

    error: HarnessError
    back: Return | None = None


def find_cause(error: HarnessError, board: Board, *, command: str, conditions: str, log: Iterable[str]) -> Cause:
    """Asks the device, on a new connection: what was connected before is dead.

    Args:
        error: what the link has noticed.
        board: the board.
        command: the line that was left without its answer, or "" to have the device's word for it.
        conditions: board, clock, build.
        log: the newest lines that the device sent before.
    """
    found = find_crash(board, error)
    if isinstance(found, Return):
        crashed = explain_crash(
            found.crash, found.identity, board.firmware, command=command, conditions=conditions, log=log
        )
        return Cause(crashed, found)
    if isinstance(error, LinkLost):
        error.message += f"; {found}"
    return Cause(error)
