"""The contents of replies, checked: what a device says is bounded and typed before anything uses it."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from harness.errors import ProtocolError
from harness.protocol.record import Record

PROTOCOL_VERSION = 1

# Printable ASCII: these texts are shown in terminals and reports.
Text = Annotated[str, Meta(max_length=200, pattern=r"^[ -~]*\Z")]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,31}\Z")]
Crc = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}\Z")]
UInt32 = Annotated[int, Meta(ge=0, lt=2**32)]
# msgspec's bounds are signed 64-bit numbers; no tick counter comes near.
UInt63 = Annotated[int, Meta(ge=0, le=2**63 - 1)]


# A newer device may say more than this harness knows, so unknown fields are ignored; what it must say is demanded.
class _Message(Struct, frozen=True):
    pass


class Crash(_Message, frozen=True):
    """What a device remembers of its last crash, told once."""

    reason: Text
    command: Text = ""
    op: Text = ""
    detail: Text = ""
    stack_left: UInt32 | None = None
    log: Annotated[list[Text], Meta(max_length=32)] = []
    registers: Annotated[dict[Text, UInt32], Meta(max_length=32)] = {}
    backtrace: Annotated[list[UInt32], Meta(max_length=32)] = []


class Identity(_Message, frozen=True):
    """The answer to `identify`."""

    protocol: UInt32
    engine: Text
    board: Text
    serial: Text
    chip: Text
    clock_hz: UInt63 | None
    pointer_bits: UInt32
    build: Text
    tflm: Text
    compiler: Text
    arena_max: UInt32
    pack_crc: Crc
    kernels: Text = ""
    features: Annotated[list[Text], Meta(max_length=32)] = []
    crash: Crash | None = None


class PackedModel(_Message, frozen=True):
    """One model of the board's model pack; part of the answer to `models`."""

    name: Name
    bytes: UInt32
    crc: Crc


class Tensor(_Message, frozen=True):
    """An input or output tensor as the engine has it; part of the answer to `open`."""

    of: Annotated[str, Meta(pattern=r"^(input|output)\Z")]
    index: UInt32
    dtype: Annotated[str, Meta(pattern=r"^[a-z0-9]{1,16}\Z")]
    shape: Annotated[list[UInt32], Meta(max_length=8)]
    bytes: UInt32


class Opened(_Message, frozen=True):
    """The final answer to `open`. Arena figures are None where the engine cannot tell them."""

    session: UInt32
    arena: UInt32
    used: UInt32 | None
    head: UInt32 | None
    tail: UInt32 | None
    categories: Annotated[dict[Text, UInt32], Meta(max_length=16)] = {}


class Invoked(_Message, frozen=True):
    """The final answer to `invoke`."""

    session: UInt32
    count: UInt32
    tick_hz: Annotated[int, Meta(gt=0, le=10**12)]
    feed_ticks: UInt63 = 0


class Samples(_Message, frozen=True):
    """Durations of single invokes, in ticks; `invoke` sends as many of these records as it needs."""

    first: UInt32
    ticks: Annotated[list[UInt63], Meta(max_length=64)]


class OpTicks(_Message, frozen=True):
    """One operator's time in one profiled invoke, in ticks."""

    op: UInt32
    name: Text
    ticks: UInt63


class Clock(_Message, frozen=True):
    """The answer to `clock`: the clock that invokes are timed with.

    Attributes:
        resolution_ticks: its smallest step.
        overhead_ticks, overhead_max_ticks: what every duration has in it beside what was timed; median and most.
        subtracted_ticks: what the device has subtracted from every duration already.
    """

    tick_hz: Annotated[int, Meta(gt=0, le=10**12)]
    resolution_ticks: UInt63
    overhead_ticks: UInt63
    overhead_max_ticks: UInt63
    subtracted_ticks: UInt63 = 0


class Paused(_Message, frozen=True):
    """The answer to `pause`: how long it was, in microseconds."""

    us: UInt63


class Worked(_Message, frozen=True):
    """The answer to `work`: rounds of work since it was switched on last, modulo 2^32."""

    rounds: UInt32


class OutputDone(_Message, frozen=True):
    """The final answer to `output`."""

    bytes: UInt32
    crc: Crc


class OutputChunk(_Message, frozen=True):
    """A piece of an output tensor."""

    offset: UInt32
    b64: Annotated[str, Meta(max_length=4096)]


M = TypeVar("M", bound=_Message)


def read_message(kind: type[M], record: Record) -> M:
    """The record's contents as a message.

    Raises:
        ProtocolError: a field is missing, or is not what the protocol says.
    """
    try:
        return msgspec.convert(record, kind)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"record {record.get('n')} ({record.get('verb')!r:.40}): {error}") from None
