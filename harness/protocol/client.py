"""The host's end of the protocol: one method per verb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.deadline import Deadline
from harness.errors import Misuse, ProtocolError
from harness.protocol import messages
from harness.protocol.exchange import COMMAND_SECONDS, Exchange, Reply
from harness.protocol.link import Link
from harness.protocol.payload import crc32, crc_text, decode_chunk

__all__ = ["COMMAND_SECONDS", "OPEN_SECONDS", "Client", "InvokeTimes", "OpenedModel", "Reply"]

OPEN_SECONDS = 30.0
MAX_PAUSE_MS = 600_000
_RESTART_SECONDS = 5.0


@dataclass(frozen=True)
class OpenedModel:
    """What `open` told."""

    opened: messages.Opened
    inputs: tuple[messages.Tensor, ...]
    outputs: tuple[messages.Tensor, ...]


@dataclass(frozen=True)
class InvokeTimes:
    """What `invoke` told: a duration per measured invoke and, if asked for, one per operator of the last.

    `feed_ticks` is how long feeding outputs back took, over all measured invokes.
    """

    tick_hz: int
    ticks: tuple[int, ...]
    ops: tuple[messages.OpTicks, ...]
    feed_ticks: int = 0


class Client(Exchange):
    """Speaks to one device.

    Attributes:
        crash: the crash that the device has told of on this connection; it tells it once.
    """

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._features: frozenset[str] | None = None
        self.crash: messages.Crash | None = None

    # --- abilities that not every device has ------------------------------------------------------------------------

    def can(self, ability: str) -> bool:
        """Whether the device has this ability: one of `identify`'s features."""
        if self._features is None:
            self.identify()
        return ability in (self._features or ())

    def demand(self, ability: str) -> None:
        """Makes sure that the device has an ability. One that has not would pass over the argument.

        Raises:
            Misuse: it has not.
        """
        if not self.can(ability):
            raise Misuse(
                f"a board that can do `{ability}` expected, this one cannot",
                advice="take another kind of board, or flash the firmware of this version",
            )

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
        self._features = frozenset(identity.features)
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
        seconds: float = OPEN_SECONDS,
    ) -> OpenedModel:
        """Opens a model; `arena` in bytes, None for all that is free."""
        arguments = {"model": model, "vars": str(resource_variables), "preserve": str(int(preserve_all_tensors))}
        if arena is not None:
            arguments["arena"] = str(arena)
        if categories:
            arguments["categories"] = "1"
        reply = self.request("open", arguments, seconds=seconds)
        tensors = [messages.read_message(messages.Tensor, record) for record in reply.data]
        return OpenedModel(
            messages.read_message(messages.Opened, reply.final),
            tuple(tensor for tensor in tensors if tensor.of == "input"),
            tuple(tensor for tensor in tensors if tensor.of == "output"),
        )

    def write_input(
        self, session: int, index: int, data: bytes, *, seconds: float | Deadline = COMMAND_SECONDS
    ) -> None:
        """Stages an input; every invoke from now on begins with it."""
        arguments = {
            "session": str(session),
            "index": str(index),
            "bytes": str(len(data)),
            "crc": crc_text(crc32(data)),
        }
        self.request("input", arguments, payload=data, seconds=seconds)

    def invoke(
        self,
        session: int,
        *,
        warmup: int,
        repeats: int,
        profile: bool,
        seconds: float | Deadline,
        feed: Sequence[tuple[int, int]] = (),
        copy: str = "staged",
        quiet: bool | None = None,
        traffic: int = 0,
    ) -> InvokeTimes:
        """Runs `warmup` + `repeats` invokes, each on the staged inputs, and times the latter.

        Args:
            feed: pairs of output and input: after each invoke the output becomes that input of the next one.
            copy: "staged" copies all fed outputs aside first; "direct" copies from tensor to tensor, one after another,
                as an application may do that does not know that TFLM uses memory again.
            quiet: True masks all interrupts during each invoke; False lets USB's in; None keeps them out of the first
                second of it.
            traffic: empty lines that are sent behind the command, for USB to have something to serve meanwhile.

        Raises:
            Misuse: the device lacks what is asked for.
        """
        arguments = {"session": str(session), "repeats": str(repeats)}
        if warmup:
            arguments["warmup"] = str(warmup)
        if profile:
            arguments["profile"] = "1"
        if feed:
            self.demand("feed")
            arguments["feed"] = ",".join(f"{output}:{index}" for output, index in feed)
            arguments["copy"] = copy
        if quiet is not None and (quiet or self.can("quiet")):
            self.demand("quiet")
            arguments["quiet"] = str(int(quiet))
        reply = self.request("invoke", arguments, payload=b"\n" * traffic, seconds=seconds)
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
        return InvokeTimes(invoked.tick_hz, tuple(ticks), tuple(ops), invoked.feed_ticks)

    def read_output(self, session: int, index: int, *, seconds: float | Deadline = COMMAND_SECONDS) -> bytes:
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

    def clock(self) -> messages.Clock:
        """What the clock is worth that invokes are timed with.

        Raises:
            Misuse: the device lacks this ability. So with the others below.
        """
        self.demand("clock")
        return messages.read_message(messages.Clock, self.request("clock").final)

    def pause(self, seconds: float) -> float:
        """Has the device sleep with its clocks switched off, its memory kept; returns how long it did, in seconds."""
        self.demand("pause")
        ms = round(seconds * 1000)
        if not 1 <= ms <= MAX_PAUSE_MS:
            raise Misuse(f"pause: seconds from 0.001 to {MAX_PAUSE_MS / 1000:g} expected, {seconds!r} came")
        final = self.request("pause", {"ms": str(ms)}, seconds=seconds + COMMAND_SECONDS).final
        return messages.read_message(messages.Paused, final).us / 1e6

    def relink(self) -> None:
        """Has the device detach from USB and attach again, without a restart; returns when the link has ended.

        Raises:
            DeviceTimeout: it answered, but did not detach.
        """
        self.demand("relink")
        self.request("relink")
        self._link.await_hang_up(Deadline(_RESTART_SECONDS))

    def work(self, on: bool) -> int:
        """Has something else compute beside the models, until it is switched off.

        Returns:
            Rounds of work since it was switched on last, modulo 2^32: it does work.
        """
        self.demand("work")
        return messages.read_message(messages.Worked, self.request("work", {"on": str(int(on))}).final).rounds

    def log_lines(self, lines: int, *, length: int = 80, seconds: float = COMMAND_SECONDS) -> None:
        """Has the device print lines of that length, their ends included, as TFLM does."""
        self.demand("log")
        self.request("log", {"lines": str(lines), "bytes": str(length)}, seconds=seconds)

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
