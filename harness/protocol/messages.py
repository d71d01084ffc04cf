"""The contents of replies, checked: what a device says is bounded and typed before anything uses it."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.errors import ProtocolError
from harness.protocol.record import Record

PROTOCOL_VERSION = 1

# Printable ASCII: these texts are shown in terminals and reports.
Text = Annotated[str, Field(max_length=200, pattern=r"^[ -~]*$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,31}$")]
Crc = Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
UInt32 = Annotated[int, Field(ge=0, lt=2**32)]
UInt64 = Annotated[int, Field(ge=0, lt=2**64)]


class _Message(BaseModel):
    # A newer device may say more than this harness knows; what it must say is demanded.
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Crash(_Message):
    """What a device remembers of its last crash, told once."""

    reason: Text
    command: Text = ""
    registers: Annotated[dict[Text, UInt32], Field(max_length=32)] = {}
    backtrace: Annotated[list[UInt32], Field(max_length=32)] = []


class Identity(_Message):
    """The answer to `identify`."""

    protocol: UInt32
    engine: Text
    board: Text
    serial: Text
    chip: Text
    clock_hz: UInt64 | None
    pointer_bits: UInt32
    build: Text
    tflm: Text
    compiler: Text
    arena_max: UInt32
    pack_crc: Crc
    features: Annotated[list[Text], Field(max_length=32)] = []
    crash: Crash | None = None


class PackedModel(_Message):
    """One model of the board's model pack; part of the answer to `models`."""

    name: Name
    bytes: UInt32
    crc: Crc


class Tensor(_Message):
    """An input or output tensor as the engine has it; part of the answer to `open`."""

    of: Annotated[str, Field(pattern=r"^(input|output)$")]
    index: UInt32
    dtype: Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")]
    shape: Annotated[list[UInt32], Field(max_length=8)]
    bytes: UInt32


class Opened(_Message):
    """The final answer to `open`. Arena figures are None where the engine cannot tell them."""

    session: UInt32
    arena: UInt32
    used: UInt32 | None
    head: UInt32 | None
    tail: UInt32 | None
    categories: Annotated[dict[Text, UInt32], Field(max_length=16)] = {}


class Invoked(_Message):
    """The final answer to `invoke`."""

    session: UInt32
    count: UInt32
    tick_hz: Annotated[int, Field(gt=0, le=10**12)]


class Samples(_Message):
    """Durations of single invokes, in ticks; `invoke` sends as many of these records as it needs."""

    first: UInt32
    ticks: Annotated[list[UInt64], Field(max_length=64)]


class OpTicks(_Message):
    """One operator's time in one profiled invoke, in ticks."""

    op: UInt32
    name: Text
    ticks: UInt64


class OutputDone(_Message):
    """The final answer to `output`."""

    bytes: UInt32
    crc: Crc


class OutputChunk(_Message):
    """A piece of an output tensor."""

    offset: UInt32
    b64: Annotated[str, Field(max_length=4096)]


M = TypeVar("M", bound=_Message)


def read_message(kind: type[M], record: Record) -> M:
    """The record's contents as a message.

    Raises:
        ProtocolError: a field is missing, or is not what the protocol says.
    """
    fields: dict[str, Any] = {key: value for key, value in record.items() if key not in ("n", "type", "id", "verb")}
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ProtocolError(
            f"record {record.get('n')} ({record.get('verb')}): field {where!r}: {first['msg']}, "
            f"came {str(first['input'])[:60]!r}"
        ) from None
