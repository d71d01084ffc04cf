"""After a link broke: is the device back, and what does it tell of the time between?"""

from __future__ import annotations

from dataclasses import dataclass

from harness.boards.board import Board
from harness.deadline import Deadline
from harness.errors import HarnessError, LinkLost, ProtocolError
from harness.protocol.client import COMMAND_SECONDS, Client
from harness.protocol.messages import Crash, Identity

# A device that fell silent without hanging up restarted, and answers at once, or is busy: no use in waiting long.
_SILENT_SECONDS = 1.0


@dataclass(frozen=True)
class Return:
    """A device that is back and told of a crash."""

    client: Client
    identity: Identity
    crash: Crash


def find_crash(board: Board, broken: HarnessError) -> Return | str:
    """Connects anew and asks the device.

    Args:
        board: the board; `Board.connect` waits for one that restarts, up to a deadline of its own.
        broken: what became of the command.

    Returns:
        The crash, with a client to go on with; or in words what came instead.
    """
    deadline = Deadline(COMMAND_SECONDS)
    while True:
        client = None
        try:
            client = board.connect()
            seconds = deadline.remaining() if isinstance(broken, LinkLost) else _SILENT_SECONDS
            identity = client.identify(seconds=seconds)
            break
        except HarnessError as error:
            if client is not None:
                client.close()
            # A port that goes again is one that had not gone yet when it was opened.
            if client is not None and isinstance(error, LinkLost) and not deadline.expired():
                continue
            if isinstance(error, ProtocolError):
                return f"the board came back, and what it tells cannot be read: {error.message}"
            return f"the board did not come back: {error.message}"
    crash = client.crash
    if crash is None:
        client.close()
        return "the board came back without a crash record"
    return Return(client, identity, crash)
