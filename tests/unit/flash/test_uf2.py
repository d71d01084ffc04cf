import contextlib
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.errors import FlashFailed
from harness.flash.uf2 import (
    ABSOLUTE,
    MAX_BLOCKS,
    RP2040,
    RP2350_ARM_S,
    Uf2,
    Uf2Invalid,
    check_addresses,
    read_uf2,
    write_uf2,
)

FLASH = 0x10000000


def block(
    number,
    count,
    address,
    payload=b"\x55" * 256,
    *,
    family=RP2040,
    flags=0x2000,
    size=256,
    magic=(0x0A324655, 0x9E5D5157),
    end=0x0AB16F30,
):
    """A block, put together from the specification and nothing else."""
    head = struct.pack("<8I", *magic, flags, address, size, number, count, family)
    return head + payload.ljust(476, b"\0") + struct.pack("<I", end)


E10 = block(0, 2, 0x10FFFF00, b"\xef" * 256 + struct.pack("<I", 0x9957E304), family=ABSOLUTE, flags=0xA000)


def two(**second):
    """Two blocks, the second with something of its own."""
    return block(0, 2, FLASH) + block(**{"number": 1, "count": 2, "address": FLASH + 256, **second})


# --- reading ---------------------------------------------------------------------------------------------------------


def test_adjacent_blocks_are_one_segment_and_others_are_not():
    data = (
        block(0, 3, FLASH + 0x1000, b"c" * 256) + block(1, 3, FLASH, b"a" * 256) + block(2, 3, FLASH + 256, b"b" * 256)
    )
    uf2 = read_uf2(data)
    assert uf2.family == RP2040
    assert uf2.segments == ((FLASH, b"a" * 256 + b"b" * 256), (FLASH + 0x1000, b"c" * 256))


def test_the_block_of_rp2350_e10_is_left_out():
    data = E10 + block(0, 1, FLASH, family=RP2350_ARM_S)
    assert read_uf2(data) == Uf2(RP2350_ARM_S, ((FLASH, b"\x55" * 256),))
    older = block(0, 2, 0x10FFFF00, b"\xef" * 256, family=ABSOLUTE)
    assert read_uf2(older + block(0, 1, FLASH, family=RP2350_ARM_S)).family == RP2350_ARM_S


@pytest.mark.parametrize("flags", [0x2000, 0x6000, 0xA000, 0xE000])
def test_flags_that_say_nothing_of_where_it_goes_are_taken(flags):
    assert read_uf2(block(0, 1, FLASH, flags=flags)).segments[0][0] == FLASH


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "begins with b'UF2\\\\n' expected, one of 0 bytes came"),
        (b"UF2\nis a text file", "begins with b'UF2\\\\n' expected, one of 18 bytes came"),
        (b"version https://git-lfs.github.com/spec/v1\n" * 30, "that begins with b'version '"),
        (two()[:700], "whole blocks of 512 bytes expected, 700 bytes came: truncated"),
        (two()[:512], "block 0: count of blocks 1 expected, 2 came"),
        (two() + two(), "block 0: count of blocks 4 expected, 2 came"),
        (two(count=3), "block 1: count of blocks 2 expected, 3 came"),
        (two(number=0), "block 1: number 1 expected, 0 came"),
        (two(magic=(0x0A324655, 0)), "block 1: magic numbers 0x0a324655, 0x9e5d5157, 0x0ab16f30 expected"),
        (two(end=0), "block 1: magic numbers"),
        (two(size=255), "block 1: payload size 256 expected, 255 came"),
        (two(size=476), "block 1: payload size 256 expected, 476 came"),
        (two(size=2**32 - 1), "payload size 256 expected, 4,294,967,295 came"),
        (two(flags=0x2001), "block 1: flags of a block for flash with a family"),
        (two(flags=0x3000), "block 1: flags"),
        (two(flags=0), "block 1: flags"),
        (two(family=RP2350_ARM_S), "block 1: family RP2040 expected as before, RP2350 ARM-S came"),
        (two(family=0x12345678), "block 1: family RP2040 expected as before, 0x12345678 came"),
        (block(0, 1, FLASH, family=0xADA52840), "family RP2040 .* or RP2350 ARM-S .* expected, 0xada52840 came"),
        (two(address=FLASH + 128), "block 1: an address that is a multiple of 256 expected, 0x10000080 came"),
        (two(address=FLASH), "bytes at 0x10000000 expected once, they come twice"),
        (E10, "count of blocks 1 expected, 2 came"),
        (block(0, 1, FLASH) + E10, "block 0: count of blocks 2 expected, 1 came"),
    ],
)
def test_what_is_wrong_is_said(data, words):
    with pytest.raises(Uf2Invalid, match=words) as caught:
        read_uf2(data)
    assert isinstance(caught.value, FlashFailed)
    assert caught.value.advice


def test_a_file_larger_than_any_flash_is_refused_before_it_is_looked_at():
    with pytest.raises(Uf2Invalid, match="at most 65,536 blocks expected, 65,538 came"):
        read_uf2(block(0, 1, FLASH) * (MAX_BLOCKS + 2))


@given(st.binary(max_size=1600))
@example(b"UF2\nWQ]\x9e" + bytes(504))
def test_whatever_comes_it_is_read_or_refused(data):
    with contextlib.suppress(Uf2Invalid):
        assert read_uf2(data).segments


@given(st.data())
def test_damage_anywhere_is_noticed_or_is_in_the_payload(data):
    good = block(0, 3, FLASH) + block(1, 3, FLASH + 256) + block(2, 3, FLASH + 0x10000)
    place = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[place] ^= data.draw(st.integers(1, 255))
    try:
        came = read_uf2(bytes(bad))
    except Uf2Invalid:
        return
    # Payload, zeros behind it, the address of a block, a flag that means nothing for us.
    assert 32 <= place % 512 < 508 or 12 <= place % 512 < 16 or place % 512 == 9
    assert came.family == RP2040


# --- writing ---------------------------------------------------------------------------------------------------------


def test_the_blocks_of_a_small_file():
    assert write_uf2(Uf2(RP2040, ((FLASH, b"\x55" * 256), (FLASH + 256 + 3, b"x")))) == (
        block(0, 2, FLASH) + block(1, 2, FLASH + 256, b"\xff\xff\xffx" + b"\xff" * 252)
    )


def test_every_sector_but_the_last_is_filled():
    """Erratum RP2040-E14."""
    came = read_uf2(write_uf2(Uf2(RP2040, ((FLASH + 0x100, b"a"), (FLASH + 0x8300, b"b")))))
    (first, start), (second, rest) = came.segments
    assert (first, len(start)) == (FLASH, 4096)
    assert start == b"\xff" * 256 + b"a" + b"\xff" * (4096 - 257)
    assert (second, rest) == (FLASH + 0x8000, b"\xff" * 768 + b"b" + b"\xff" * 255)


@st.composite
def files(draw):
    pieces = []
    place = FLASH + draw(st.integers(0, 5000))
    for data in draw(st.lists(st.binary(min_size=1, max_size=700), min_size=1, max_size=5)):
        pieces.append((place, data))
        place += len(data) + draw(st.integers(0, 9000))
    return Uf2.joined(RP2040, pieces)


@given(files())
def test_what_is_written_is_read_again_and_all_else_is_ff(uf2):
    written = read_uf2(write_uf2(uf2))
    memory = dict(written.segments)
    for address, data in uf2.segments:
        base, there = next((start, there) for start, there in memory.items() if start <= address < start + len(there))
        assert there[address - base : address - base + len(data)] == data
    used = sum(len(data) - data.count(0xFF) for _, data in uf2.segments)
    assert sum(len(data) - data.count(0xFF) for data in memory.values()) == used
    assert write_uf2(written) == write_uf2(uf2)


def test_what_is_no_file_cannot_be_made():
    for family, segments, words in (
        (0, ((0, b"x"),), "family"),
        (RP2040, (), "at least one segment"),
        (RP2040, ((FLASH, b""),), "bytes at 32-bit addresses expected, 0 at 0x10000000"),
        (RP2040, ((2**32 - 1, b"xy"),), "32-bit"),
        (RP2040, ((FLASH, b"x"), (FLASH + 1, b"y")), "a segment beyond 0x10000001 expected"),
        (RP2040, ((FLASH, b"x"), (FLASH - 9, b"y")), "a segment beyond"),
    ):
        with pytest.raises(Uf2Invalid, match=words):
            Uf2(family, segments)
    with pytest.raises(Uf2Invalid, match="expected once, they come twice"):
        Uf2.joined(RP2040, [(FLASH + 1, b"x"), (FLASH, b"ab")])
    with pytest.raises(Uf2Invalid, match="blocks expected"):
        write_uf2(Uf2(RP2040, ((0, bytes(17 * 1024 * 1024)),)))


# --- where it goes ---------------------------------------------------------------------------------------------------

MIB = 1024 * 1024


@pytest.mark.parametrize(("family", "size"), [(RP2040, 2 * MIB), (RP2350_ARM_S, 4 * MIB)])
def test_an_image_that_ends_with_the_flash_fits(family, size):
    check_addresses(Uf2.joined(family, [(FLASH, b"x"), (FLASH + size - 256, b"x" * 256)]))


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (RP2040, FLASH + 2 * MIB - 128),
        (RP2350_ARM_S, FLASH + 4 * MIB),
        (RP2040, 0x20000000),
        (RP2040, 0),
        (RP2040, 0xFFFFFF00),
    ],
)
def test_what_goes_elsewhere_than_into_the_flash_is_refused(family, address):
    with pytest.raises(Uf2Invalid, match=f"addresses in the flash expected.*{address:#010x}"):
        check_addresses(Uf2.joined(family, [(FLASH, b"x"), (address, b"x" * 256)]))
