"""Model packs, good and damaged, through both ends."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.flash.pack import BadPack, ModelPack
from harness.protocol.payload import crc32, crc_text
from tests.firmware.peer import Peer, to_hex

EXAMPLE = ModelPack([("first", b"TFL3 one"), ("second_model", bytes(range(20)))]).encode()
_NAMES = st.text("ABYZabyz0189_.-", min_size=1, max_size=31)
_MODELS = st.lists(st.tuples(_NAMES, st.binary(max_size=70)), max_size=6, unique_by=lambda model: model[0])


def read_here(data: bytes) -> str:
    """How the harness reads a pack, in the words of the peer."""
    try:
        pack = ModelPack.decode(data)
    except BadPack:
        return "damaged"
    models = [f"{entry.name}:{crc_text(entry.crc)}:{to_hex(entry.data)}" for entry in pack.entries]
    return " ".join([f"pack {crc_text(pack.crc)}", *models])


def read_there(peer: Peer, data: bytes) -> str:
    """How the firmware reads it."""
    return peer.ask("pack", to_hex(data))


def sealed(data: bytes) -> bytes:
    """The pack with a CRC-32 in its header that fits its bytes."""
    return data[:20] + struct.pack("<I", crc32(data[32:])) + data[24:]


def test_the_example_of_the_documentation(peer: Peer) -> None:
    assert read_there(peer, EXAMPLE) == read_here(EXAMPLE)
    assert read_here(EXAMPLE).startswith("pack 23928441 first:28919a8a:")


@settings(max_examples=200, deadline=None, database=None)
@given(models=_MODELS)
def test_good_packs(peer: Peer, models: list[tuple[str, bytes]]) -> None:
    data = ModelPack(models).encode()
    answer = read_there(peer, data)
    assert answer == read_here(data)
    assert answer.startswith("pack ")
    # On a board the region goes on behind the pack.
    assert read_there(peer, data + b"\xff" * 48) == answer


def test_the_most_models_and_one_more(peer: Peer) -> None:
    data = ModelPack((f"m{number}", bytes([number])) for number in range(64)).encode()
    assert read_there(peer, data) == read_here(data) != "damaged"
    more = sealed(data[:12] + struct.pack("<I", 65) + data[16:])
    assert read_there(peer, more) == read_here(more) == "damaged"


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_damage_at_every_byte(peer: Peer, flip: int) -> None:
    for place in range(len(EXAMPLE)):
        damaged = EXAMPLE[:place] + bytes([EXAMPLE[place] ^ flip]) + EXAMPLE[place + 1 :]
        assert read_there(peer, damaged) == read_here(damaged) == "damaged", place


@pytest.mark.parametrize("flip", [0x01, 0x10, 0x20, 0x80, 0xFF])
def test_damage_at_every_byte_under_a_fitting_crc(peer: Peer, flip: int) -> None:
    results = set()
    for place in [*range(20), *range(24, len(EXAMPLE))]:
        damaged = sealed(EXAMPLE[:place] + bytes([EXAMPLE[place] ^ flip]) + EXAMPLE[place + 1 :])
        result = read_there(peer, damaged)
        assert result == read_here(damaged), place
        results.add(result.split()[0])
    # Some names are names after the damage, too.
    assert "damaged" in results


def test_cut_at_every_byte(peer: Peer) -> None:
    for size in range(len(EXAMPLE)):
        assert read_there(peer, EXAMPLE[:size]) == read_here(EXAMPLE[:size]) == "damaged"


@pytest.mark.parametrize("cut", [1, 11, 12])
def test_a_pack_that_ends_without_padding(peer: Peer, cut: int) -> None:
    short = EXAMPLE[:-cut]
    short = sealed(short[:16] + struct.pack("<I", len(short)) + short[20:])
    assert read_there(peer, short) == read_here(short) == "damaged"


_FIGURES = st.sampled_from([0, 1, 8, 16, 31, 32, 48, 80, 127, 128, 144, 176, 177, 192, 2**31, 2**32 - 16, 2**32 - 1])


@settings(max_examples=400, deadline=None, database=None)
@given(
    models=_MODELS,
    places=st.lists(st.tuples(st.integers(2, 80), _FIGURES), min_size=1, max_size=3),
    seal=st.booleans(),
)
def test_wrong_figures(peer: Peer, models: list[tuple[str, bytes]], places: list[tuple[int, int]], seal: bool) -> None:
    data = bytearray(ModelPack(models).encode())
    for place, figure in places:
        offset = place * 4 % len(data)
        data[offset : offset + 4] = struct.pack("<I", figure)
    damaged = sealed(bytes(data)) if seal else bytes(data)
    assert read_there(peer, damaged) == read_here(damaged)
