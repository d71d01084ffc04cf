"""Byte streams, cut anywhere, through the host board's reader and the firmware's: the same commands must come out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.boards.host.device import Device
from harness.boards.host.pty import HostGone
from harness.deadline import Deadline
from harness.protocol.command import Command
from harness.protocol.record import Record
from tests.firmware.peer import Peer, to_hex, told

# A wait of two seconds in which no byte comes.
SILENCE = None
Stream = list[bytes | None]


class _Port:
    """Hands out a stream that was written down, with its silences."""

    def __init__(self, stream: Stream) -> None:
        self._stream: Iterator[bytes | None] = iter(stream)

    def read(self, deadline: Deadline | None = None) -> bytes:
        for data in self._stream:
            if data:
                return data
            if data is SILENCE and deadline is not None:
                return b""
        raise HostGone


class _Notes:
    """Stands for the records and the verbs: writes down what arrives, in the words of the peer."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def send(self, kind: str, _command: Command | None, fields: Record) -> None:
        if kind == "error":
            self.notes.append({"bad_command": "refused"}.get(fields["code"], fields["code"]))

    def run(self, command: Command, payload: bytes) -> Record:
        self.notes.append(f"{told(command)} {to_hex(payload)}")
        return {}

    def spoil_input(self, _command: Command) -> None:
        pass


def read_here(stream: Stream) -> str:
    """What the host board makes of a stream."""
    notes: Any = _Notes()
    port: Any = _Port(stream)
    with contextlib.suppress(HostGone):
        Device(port, notes, notes).run()
    return ";".join(notes.notes) or "-"


def read_there(peer: Peer, stream: Stream) -> str:
    """What the firmware makes of it."""
    return peer.ask("stream", *("silence" if data is SILENCE else to_hex(data) for data in stream))


def _input(data: bytes, announced: int) -> bytes:
    return b"input session=1 bytes=%d #7\n" % announced + data


_JUNK = st.binary(max_size=40).map(lambda data: data.replace(b"\n", b""))
# Each is one thing that a host may send; what follows a payload that is too short is then part of it.
_SENT = st.one_of(
    st.sampled_from(
        [b"ping\n", b"ping #1\r\n", b"\n", b" \t\r\n", b"open model=a arena=16 #4294967295\n", b"close x\n"]
    ),
    st.sampled_from(
        [b"input bytes=0\n", b"input\n", b"input bytes=x\n", b"input bytes=16777217 #3\n", b"ping bytes=5\n"]
    ),
    _JUNK.map(lambda line: line + b"\n"),
    _JUNK.map(lambda line: line + b"\x1e" + line + b"\n"),
    st.one_of(st.integers(250, 260), st.integers(500, 1100)).map(lambda size: b"ping".rjust(size) + b"\n"),
    st.binary(max_size=300).map(lambda data: _input(data, len(data))),
    st.tuples(st.binary(max_size=30), st.integers(0, 40)).map(lambda both: _input(*both)),
)


@st.composite
def _streams(draw: st.DrawFn) -> Stream:
    data = b"".join(draw(st.lists(_SENT, min_size=1, max_size=8)))
    cuts = sorted(draw(st.sets(st.integers(0, len(data)), max_size=8)))
    pieces = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    stream: Stream = []
    for piece in pieces:
        stream += [piece] + [SILENCE] * draw(st.sampled_from([0, 0, 0, 1]))
    return stream


@settings(max_examples=1000, deadline=None, database=None)
@given(stream=_streams())
def test_streams(peer: Peer, stream: Stream) -> None:
    assert read_there(peer, stream) == read_here(stream)


def test_a_stream_byte_by_byte(peer: Peer) -> None:
    data = b"garb\xffage\nping #1\r\n" + b"y" * 300 + b"\n" + _input(b"\n\x1e\nping\n", 8) + b"ping #2\n"
    stream: Stream = [bytes([byte]) for byte in data]
    expected = "refused;command ping #1 -;refused;command input #7 session=1 bytes=8 0a1e0a70696e670a;command ping #2 -"
    assert read_there(peer, stream) == read_here(stream) == expected


def test_a_payload_that_does_not_come(peer: Peer) -> None:
    stream: Stream = [_input(b"ab", 9), SILENCE, b"ping #2\n"]
    assert read_there(peer, stream) == read_here(stream) == "bad_payload;command ping #2 -"


def test_an_echo_longer_than_a_command_gets_no_answer(peer: Peer) -> None:
    for echo in (b"\x1e" + b"x" * 400, b"x" * 400 + b"\x1e", b"x" * 254 + b"\x1e" + b"x" * 400):
        stream: Stream = [echo + b"\n", b"ping\n"]
        assert read_there(peer, stream) == read_here(stream) == "command ping - -"


def test_only_one_cr_belongs_to_the_end_of_a_line(peer: Peer) -> None:
    stream: Stream = [b"ping\r\n", b"ping\r\r\n", b"\r\n", b"\r\r\n", b"\x0b\n"]
    assert read_there(peer, stream) == read_here(stream) == "command ping - -;refused;refused;refused"
