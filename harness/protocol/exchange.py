"""Commands and their answers on a link: one command under way at a time, each with its one final record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.deadline import Deadline
from harness.errors import (
    DeviceCrashed,
    DeviceError,
    DeviceTimeout,
    HarnessError,
    LinkLost,
    ProtocolError,
    RecordLost,
)
from harness.protocol.command import MAX_ID, Command
from harness.protocol.devicelog import DeviceLog, Kind, printable
from harness.protocol.link import Link
from harness.protocol.record import Record

COMMAND_SECONDS = 10.0
_PROBE_SECONDS = 0.5
_SHOWN_LINES = 12
_MAX_DATA_RECORDS = 100_000


@dataclass(frozen=True)
class Reply:
    """The final record of a command, and the data records before it."""

    final: Record
    data: list[Record]


class Exchange:
    """Asks one device, and waits for its answers.

    Attributes:
        usable: False once a command was left without its answer: the device may still be busy with it, and what comes
            next could be mistaken for the answer to something else. The board must be recovered then.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._id = 0
        self._pending: Command | None = None
        self._answered = False

    @property
    def log(self) -> DeviceLog:
        """What the device has said."""
        return self._link.log

    @property
    def usable(self) -> bool:
        return self._pending is None and self._link.failure is None

    @property
    def hung_up(self) -> bool:
        """Whether the port has gone."""
        return isinstance(self._link.failure, LinkLost)

    @property
    def unanswered(self) -> str | None:
        """The command that was left without its answer, as a line; None if there is none."""
        return None if self._pending is None else printable(self._pending.encode()[:-1])

    def close(self) -> None:
        """Closes the link."""
        self._link.close()

    def request(
        self,
        verb: str,
        arguments: Mapping[str, str] | None = None,
        *,
        payload: bytes = b"",
        seconds: float | Deadline = COMMAND_SECONDS,
    ) -> Reply:
        """Sends a command, and its payload, and waits for its final record.

        Args:
            verb: the command.
            arguments: its keys and values.
            payload: bytes that follow the command's line.
            seconds: how long the whole exchange may take, or the deadline of what it is a part of.

        Raises:
            DeviceError: the device answered with an error; `DeviceCrashed` where it reported a crash.
            DeviceTimeout: no answer came in time.
            LinkLost: the port hung up; a waiting call hears of it at once.
            RecordLost, ProtocolError: the answer cannot be trusted.
        """
        if self._pending is not None:
            raise ProtocolError(
                f"`{verb}` cannot be sent: `{self._pending.verb}` before it was left without its answer",
                advice="recover the board; the fixtures do so before each test",
            )
        self._id = self._id % (MAX_ID - 1) + 1  # MAX_ID itself is the probe's
        command = Command(verb, arguments or {}, self._id)
        line = command.encode()
        mark = self.log.mark()
        deadline = Deadline.of(seconds)
        try:
            self._link.listen(command)
            self._pending = command
            self.log.add(Kind.COMMAND, [line[:-1]])
            # What the port held before we opened it is no part of our first command: an empty line ends it.
            self._link.send((b"" if self._answered else b"\n") + line + payload, deadline)
            reply = self._answer(command, deadline)
            self._pending = None
            self._answered = True
        except HarnessError as error:
            # A link's failure is sticky and may be raised again: the lines belong to this raise, not to the first one.
            error.log = tuple(self.log.newest(_SHOWN_LINES, since=0 if isinstance(error, LinkLost) else mark))
            if isinstance(error, LinkLost | DeviceTimeout):
                error.message = f"`{printable(line[:-1])}`: {error.message}"
                error.log = error.log or tuple(self.log.newest(_SHOWN_LINES))
            raise
        finally:
            self._link.ignore()
        if reply.final["type"] == "error":
            raise self._error(reply.final, command, mark)
        return reply

    def _answer(self, command: Command, deadline: Deadline) -> Reply:
        data: list[Record] = []
        while True:
            record = self._link.receive(deadline)
            if record is None:
                raise self._overdue(command, deadline)
            if record["type"] == "error" and "id" not in record and self._answered:
                raise ProtocolError(
                    f"the device could not read `{command.verb}`: {printable(str(record.get('message')).encode())}"
                )
            if not command.answered_by(record):
                continue
            if record["type"] in ("reply", "error"):
                return Reply(record, data)
            if record["type"] == "data":
                data.append(record)
                if len(data) > _MAX_DATA_RECORDS:
                    raise ProtocolError(f"more than {_MAX_DATA_RECORDS} data records in answer to `{command.verb}`")

    def _overdue(self, command: Command, deadline: Deadline) -> HarnessError:
        """Why no answer came: a sign of life tells a lost record from a silent device by the record numbers."""
        probe = Command("ping", {}, MAX_ID)
        grace = Deadline(_PROBE_SECONDS)
        try:
            self._link.send(probe.encode(), grace)
            while (record := self._link.receive(grace)) is not None:
                if record.get("id") == MAX_ID:
                    return DeviceTimeout(
                        f"the answer to `{command.verb}`, from a device that does answer `ping`", deadline.seconds
                    )
        except (RecordLost, LinkLost, ProtocolError) as error:
            return error
        except DeviceTimeout:
            pass
        return DeviceTimeout(f"the answer to `{command.verb}`, from a device that is busy or hangs", deadline.seconds)

    def _error(self, record: Record, command: Command, mark: int) -> HarnessError:
        code = printable(str(record.get("code", "")).encode())[:40]
        text = printable(str(record.get("message", "")).encode())
        log = self.log.newest(_SHOWN_LINES, since=mark)
        if code == "crashed":
            return DeviceCrashed(text, command=command.encode().decode("ascii").strip(), log=log)
        return DeviceError(f"`{command.verb}` refused ({code}): {text}", code=code, log=log)
