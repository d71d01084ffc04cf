"""The same vectors through both ends: the harness's code and the firmware's must give the same results."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from harness.protocol.command import BadCommand, Command
from harness.protocol.payload import CHUNK_BYTES, crc32, crc_text, encode_chunk
from harness.protocol.record import MAX_RECORD_BYTES, decode_record, encode_record
from tests.firmware.peer import Peer, to_hex, told

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())

quick = settings(max_examples=150, deadline=None, database=None)


# --- commands ---------------------------------------------------------------------------------------------------------


def read_here(line: bytes) -> str:
    """How the harness reads a command line, in the words of the peer."""
    if b"\x1e" in line or re.fullmatch(rb"[ \t]*\r?", line) and len(line) <= 255:
        return "ignored"
    try:
        return told(Command.decode(line))
    except BadCommand:
        return "refused"


@pytest.mark.parametrize(("text", "expected"), VECTORS["commands"])
def test_commands(peer: Peer, text: str, expected: str) -> None:
    line = text.encode("latin-1")
    assert read_here(line) == expected
    assert peer.command(line) == expected


@pytest.mark.parametrize("size", [254, 255, 256, 257, 1000])
def test_commands_at_the_limit_of_a_line(peer: Peer, size: int) -> None:
    for line in (b"ping".ljust(size), (b"ping a=" + b"x" * 60).ljust(size), b"ping".ljust(size - 1) + b"\r"):
        assert peer.command(line) == read_here(line)
        assert (peer.command(line) == "refused") == (size > 255)


def _random_line(dice: random.Random) -> bytes:
    """A line that is a command, or nearly."""
    verb = dice.choice(["ping", "open", "input", "a", "abcdefghijklmnop", "abcdefghijklmnopq", "", "Ping", "p_"])
    words = [verb]
    for _ in range(dice.choice([0, 0, 1, 2, 3, 12])):
        key = dice.choice(
            ["a", "b", "model", "arena", "x_y", "abcdefghijklmnop", "", "A", "#1", "zz" * dice.randint(0, 9)]
        )
        value = "".join(chr(dice.randint(33, 126)) for _ in range(dice.choice([0, 1, 5, 5, 63, 64, 65])))
        words.append(key + dice.choice(["=", "=", "=", "=", "", "=="]) + value)
    identifiers = ["#0", "#4294967295", "#4294967296", "#1", "#", "#01", "#12345678901", "#a"]
    words += dice.sample(identifiers, dice.choice([0, 0, 1, 1, 1, 2]))
    line = bytearray(dice.choice([" ", "\t", "  ", " \t "]).join(words).encode())
    for _ in range(dice.choice([0, 0, 0, 1, 3])):
        place = dice.randint(0, len(line))
        line[place : place + dice.randint(0, 1)] = bytes([dice.choice([*range(256), 0x1E, 0x0D, 0x20, 0x3D, 0x23])])
    return bytes(line.replace(b"\n", b"")) + dice.choice([b"", b"", b"\r", b" ", b" \r"])


def test_commands_at_random(peer: Peer) -> None:
    dice = random.Random(20261101)
    seen = {"command": 0, "refused": 0, "ignored": 0}
    for _ in range(5000):
        line = _random_line(dice)
        expected = read_here(line)
        assert peer.command(line) == expected, line
        seen[expected.split()[0]] += 1
    assert min(seen.values()) > 50


# --- payloads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pieces", "expected"), VECTORS["crcs"])
def test_crcs(peer: Peer, pieces: str, expected: str) -> None:
    assert crc_text(crc32(bytes.fromhex(pieces))) == expected
    assert peer.ask("crc", *pieces.split()) == f"{expected} {expected}"


@quick
@given(pieces=st.lists(st.binary(max_size=100), max_size=6))
def test_crcs_in_pieces(peer: Peer, pieces: list[bytes]) -> None:
    crc = crc_text(crc32(b"".join(pieces)))
    assert peer.ask("crc", *map(to_hex, pieces)) == f"{crc} {crc}"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 47, 48, 49, 3071, 3072, 3073, 6144, 10000])
def test_outputs_in_chunks(peer: Peer, size: int) -> None:
    data = random.Random(size).randbytes(size)
    command = Command("output", {"session": "1", "index": "0"}, 4294967295)
    expected = b""
    for number, offset in enumerate(range(0, size, CHUNK_BYTES)):
        head = {"n": number, "type": "data", "id": command.id, "verb": "output", "offset": offset}
        expected += encode_record({**head, "b64": encode_chunk(data[offset : offset + CHUNK_BYTES])})
    crc, came = peer.ask("payload", to_hex(command.encode()[:-1]), to_hex(data)).split()
    assert came == to_hex(expected)
    assert crc == crc_text(crc32(data))


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 128, 1000])
def test_samples_in_records(peer: Peer, count: int) -> None:
    ticks = [random.Random(count).randint(0, 2**32 - 1) for _ in range(count)]
    expected = b""
    for number, first in enumerate(range(0, count, 64)):
        head = {"n": number, "type": "data", "verb": "invoke"}
        expected += encode_record({**head, "first": first, "ticks": ticks[first : first + 64]})
    assert peer.ask("samples", to_hex(b"invoke session=1"), *map(str, ticks)) == to_hex(expected)


# --- records ----------------------------------------------------------------------------------------------------------

_text = st.text(st.characters(max_codepoint=255), max_size=20)
_leaf = st.one_of(st.none(), st.booleans(), st.integers(0, 2**64 - 1), _text)
# A text of the protocol never holds NUL; as a key the firmware could not even say it.
_key = st.text(st.characters(min_codepoint=1, max_codepoint=255), min_size=1, max_size=8).map("k".__add__)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(_leaf, st.lists(inner, max_size=4), st.dictionaries(_key, inner, max_size=4))


_fields = st.dictionaries(_key, _nested(_nested(_nested(_leaf))), max_size=6)
_commands = st.one_of(
    st.none(),
    st.builds(Command, st.sampled_from(["ping", "a", "abcdefghijklmnop"]), id=st.none() | st.integers(0, 2**32 - 1)),
)


@quick
@given(
    number=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["reply", "error", "data", "event"]),
    command=_commands,
    fields=_fields,
)
def test_records(peer: Peer, number: int, kind: str, command: Command | None, fields: dict[str, Any]) -> None:
    expected: dict[str, Any] = {"n": number, "type": kind}
    if command is not None:
        expected |= {"verb": command.verb} if command.id is None else {"id": command.id, "verb": command.verb}
    expected |= fields
    complete, record = peer.record(number, kind, command, fields)
    assert complete
    assert record == encode_record(expected)
    assert decode_record(record[1:-1]) == expected


_large = st.one_of(
    st.binary(min_size=1000, max_size=14000),
    st.lists(st.integers(0, 2**64 - 1), min_size=300, max_size=900),
    st.integers(1000, 17000).map("\x01x".__mul__).map(lambda text: text[:17000]),
    st.lists(st.lists(st.just("text" * 100), max_size=9), max_size=9),
    st.integers(0, 9),
)


# Without a search for a smaller example: it takes minutes with examples of this size.
@settings(max_examples=60, deadline=None, database=None, phases=[Phase.generate])
@given(fields=st.dictionaries(_key, _large, min_size=1, max_size=5))
def test_records_without_room_for_all_fields_are_records(peer: Peer, fields: dict[str, Any]) -> None:
    complete, record = peer.record(0, "data", None, fields)
    assert record[:1] == b"\x1e" and record[-1:] == b"\n" and b"\n" not in record[:-1]
    assert len(record) - 2 <= MAX_RECORD_BYTES
    came = decode_record(record[1:-1])
    whole = {key: encode_chunk(value) if isinstance(value, bytes) else value for key, value in fields.items()}
    assert complete == (len(encode_record({"n": 0, "type": "data", **whole})) - 2 <= MAX_RECORD_BYTES)
    assert list(came)[:2] == ["n", "type"]
    for key in list(came)[2:]:
        # What came is what was given; only of an array or object can a part be missing.
        assert came[key] == whole[key] or isinstance(whole[key], list)
