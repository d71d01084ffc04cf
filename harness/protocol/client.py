"""The host's end of the protocol: one method per verb, one command under way at a time."""

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
from harness.protocol import messages
from harness.protocol.command import MAX_ID, Command
from harness.protocol.devicelog import DeviceLog, Kind, printable
from harness.protocol.link import Link
from harness.protocol.payload import crc32, crc_text, decode_chunk
from harness.protocol.record import Record

COMMAND_SECONDS = 10.0
OPEN_SECONDS = 30.0
_PROBE_SECONDS = 0.5
_RESTART_SECONDS = 5.0
_SHOWN_LINES = 12
_MAX_DATA_RECORDS = 100_000


@dataclass(frozen=True)
class Reply:
    """The final record of a command, and the data records before it."""

    final: Record
    data: list[Record]


@dataclass(frozen=True)
class OpenedModel:
    """What `open` told."""

    opened: messages.Opened
    inputs: tuple[messages.Tensor, ...]
    outputs: tuple[messages.Tensor, ...]


@dataclass(frozen=True)
class InvokeTimes:
    """What `invoke` told: a duration per measured invoke and, if asked for, one per operator of the last."""

    tick_hz: int
    ticks: tuple[int, ...]
    ops: tuple[messages.OpTicks, ...]


class Client:
    """Speaks to one device.

    Attributes:
        usable: False once a command was left without its answer: the device may still be busy with it, and what comes
            next could be mistaken for the answer to something else. The board must be recovered then.
        crash: the crash that the device has told of on this connection; it tells it once.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._id = 0
        self._pending: Command | None = None
        self._answered = False
        self.crash: messages.Crash | None = None

    @property
    def log(self) -> DeviceLog:
        """What the device has said."""
        return self._link.log

    @property
    def usable(self) -> bool:
        return self._pending is None and self._link.failure is None

    @property
    def unanswered(self) -> str | None:
        """The command that was left without its answer, as a line; None if there is none."""
        return None if self._pending is None else printable(self._pending.encode()[:-1])

    def close(self) -> None:
        """Closes the link."""
        self._link.close()

    # --- one method per verb -----------------------------------------------------------------------------------------

    def ping(self, *, seconds: float = COMMAND_SECONDS) -> None:
        """Asks for a sign of life."""
        self.request("ping", seconds=seconds)

    def identify(self, *, seconds: float = COMMAND_SECONDS) -> messages.Identity:
        """Who the device is.

        Raises:
            ProtocolError: it speaks another version of the protocol.
        """
        final = self.request("identify", seconds=seconds).final
        version = final.get("protocol")
        if version != messages.PROTOCOL_VERSION:
            raise ProtocolError(f"protocol version {messages.PROTOCOL_VERSION} expected, the device speaks {version!r}")
        identity = messages.read_message(messages.Identity, final)
        self.crash = identity.crash or self.crash
        return identity

    def models(self) -> list[messages.PackedModel]:
        """The models in the board's model pack."""
        return [messages.read_message(messages.PackedModel, record) for record in self.request("models").data]

    def open(
        self,
        model: str,
        *,
        arena: int | None,
        preserve_all_tensors: bool,
        resource_variables: int,
        categories: bool = False,
    ) -> OpenedModel:
        """Opens a model; `arena` in bytes, None for all that is free."""
        arguments = {"model": model, "vars": str(resource_variables), "preserve": str(int(preserve_all_tensors))}
        if arena is not None:
            arguments["arena"] = str(arena)
        if categories:
            arguments["categories"] = "1"
        reply = self.request("open", arguments, seconds=OPEN_SECONDS)
        tensors = [messages.read_message(messages.Tensor, record) for record in reply.data]
        return OpenedModel(
            messages.read_message(messages.Opened, reply.final),
            tuple(tensor for tensor in tensors if tensor.of == "input"),
            tuple(tensor for tensor in tensors if tensor.of == "output"),
        )

    def write_input(self, session: int, index: int, data: bytes, *, seconds: float = COMMAND_SECONDS) -> None:
        """Stages an input; every invoke from now on begins with it."""
        arguments = {
            "session": str(session),
            "index": str(index),
            "bytes": str(len(data)),
            "crc": crc_text(crc32(data)),
        }
        self.request("input", arguments, payload=data, seconds=seconds)

    def invoke(self, session: int, *, warmup: int, repeats: int, profile: bool, seconds: float) -> InvokeTimes:
        """Runs `warmup` + `repeats` invokes, each on the staged inputs, and times the latter."""
        arguments = {"session": str(session), "repeats": str(repeats)}
        if warmup:
            arguments["warmup"] = str(warmup)
        if profile:
            arguments["profile"] = "1"
        reply = self.request("invoke", arguments, seconds=seconds)
        invoked = messages.read_message(messages.Invoked, reply.final)
        ticks: list[int] = []
        ops: list[messages.OpTicks] = []
        for record in reply.data:
            if "op" in record:
                ops.append(messages.read_message(messages.OpTicks, record))
                continue
            samples = messages.read_message(messages.Samples, record)
            if samples.first != len(ticks):
                raise ProtocolError(f"durations from number {len(ticks)} on expected, number {samples.first} came")
            ticks.extend(samples.ticks)
        if len(ticks) != repeats or invoked.count != repeats:
            raise ProtocolError(f"{repeats} durations expected, {len(ticks)} came")
        return InvokeTimes(invoked.tick_hz, tuple(ticks), tuple(ops))

    def read_output(self, session: int, index: int, *, seconds: float = COMMAND_SECONDS) -> bytes:
        """The bytes of an output tensor, as the last invoke left them.

        Raises:
            ProtocolError: the CRC-32 does not fit the bytes.
        """
        reply = self.request("output", {"session": str(session), "index": str(index)}, seconds=seconds)
        done = messages.read_message(messages.OutputDone, reply.final)
        data = bytearray()
        for record in reply.data:
            chunk = messages.read_message(messages.OutputChunk, record)
            if chunk.offset != len(data):
                raise ProtocolError(f"output {index}: bytes from {len(data)} on expected, from {chunk.offset} on came")
            try:
                data += decode_chunk(chunk.b64)
            except ValueError as error:
                raise ProtocolError(f"output {index}: {error}") from None
        if len(data) != done.bytes:
            raise ProtocolError(f"output {index}: {done.bytes} bytes announced, {len(data)} came")
        crc = crc_text(crc32(bytes(data)))
        if crc != done.crc:
            raise ProtocolError(f"output {index}: CRC-32 {done.crc} announced, the bytes that came have {crc}")
        return bytes(data)

    def reset(self, session: int) -> None:
        """TFLM's Reset: variable tensors and resource variables to zero; CALL_ONCE does not run again."""
        self.request("reset", {"session": str(session)})

    def close_model(self, session: int) -> None:
        """Ends a session on the device and frees its arena."""
        self.request("close", {"session": str(session)})

    def reboot(self) -> None:
        """Restarts the device, and returns when the link has ended.

        Raises:
            DeviceTimeout: it answered, but did not restart.
        """
        self.request("reboot")
        self._link.await_hang_up(Deadline(_RESTART_SECONDS))

    def help(self) -> list[str]:
        """The device's own list of commands, a line each."""
        return [str(record.get("text", ""))[:200] for record in self.request("help").data]

    # --- the exchange ------------------------------------------------------------------------------------------------

    def request(
        self,
        verb: str,
        arguments: Mapping[str, str] | None = None,
        *,
        payload: bytes = b"",
        seconds: float = COMMAND_SECONDS,
    ) -> Reply:
        """Sends a command, and its payload, and waits for its final record.

        Args:
            verb: the command.
            arguments: its keys and values.
            payload: bytes that follow the command's line.
            seconds: how long the whole exchange may take.

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
        deadline = Deadline(seconds)
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
