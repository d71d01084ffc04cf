"""The line to a board's firmware: made when it is first needed, and anew after it was dropped."""

from __future__ import annotations

from harness.boards.board import Board
from harness.protocol.client import Client
from harness.protocol.devicelog import Kind
from harness.protocol.messages import Identity
from harness.protocol.payload import crc_text


class Connection:
    """What is known of the firmware, and how to speak to it.

    Args:
        board: the board.

    Attributes:
        models: CRC-32 of each model on the board, as text, by name; as the firmware told them last.
        notices: what the board told that is nobody's error, such as a crash before the run.
    """

    def __init__(self, board: Board) -> None:
        self.models: dict[str, str] = {}
        self.notices: list[str] = []
        self._board = board
        self._client: Client | None = None
        self._identity: Identity | None = None

    @property
    def client(self) -> Client:
        """The client; connects if there is none.

        Raises:
            HarnessError: the board cannot be reached.
        """
        self.ensure()
        assert self._client is not None
        return self._client

    @property
    def identity(self) -> Identity:
        """What the device said of itself; connects if there is no client.

        Raises:
            HarnessError: the board cannot be reached.
        """
        self.ensure()
        assert self._identity is not None
        return self._identity

    @property
    def made_before(self) -> bool:
        """Whether the device was ever reached."""
        return self._identity is not None

    @property
    def usable(self) -> bool:
        """Whether there is a client, and its last command was answered."""
        return self._client is not None and self._client.usable

    @property
    def unanswered(self) -> str | None:
        """The command that the device was sent and has not answered, or None."""
        return None if self._client is None else self._client.unanswered

    def ensure(self) -> None:
        """Connects, if there is no client.

        Raises:
            HarnessError: the board cannot be reached.
        """
        if self._client is not None:
            return
        client = self._board.connect()
        identity = client.identify()
        if client.crash is not None:
            # Reads symbols, which only a run that has a crash waits for.
            from harness.crash.report import summarize_crash

            # From before the run, or of a command that was given up: no test that comes now has caused it.
            words = summarize_crash(client.crash, identity, self._board.firmware)
            self.notices.append(f"the board had crashed before it was asked: {words}")
            self._board.log.add(Kind.LOG, [f"(harness) {self.notices[-1]}".encode()])
        self.go_on_with(client, identity)

    def go_on_with(self, client: Client, identity: Identity) -> None:
        """Takes a client that somebody else has made.

        Raises:
            HarnessError: the device does not tell which models it has.
        """
        self.models = {entry.name: entry.crc for entry in client.models()}
        self._client, self._identity = client, identity

    def lacks(self, name: str, crc: int) -> bool:
        """Whether the board has no model of that name with that CRC-32."""
        return self.models.get(name) != crc_text(crc)

    def drop(self) -> None:
        """Closes the client. What was known stays."""
        if self._client is not None:
            self._client.close()
            self._client = None
