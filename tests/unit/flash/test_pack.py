import struct
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.errors import FlashFailed, ImageTooLarge, Misuse
from harness.flash.pack import ALIGNMENT, CAPACITY, MAX_MODELS, BadPack, ModelPack, packed_size


def by_hand(*models, header_zero=bytes(8), entry_zero=bytes(4), count=None):
    """A pack, put together from the description of the format and nothing else."""
    start = 32 + 48 * len(models)
    directory = body = b""
    for name, data in models:
        padded = data + bytes(-len(data) % 16)
        directory += struct.pack("<32sIII", name, start + len(body), len(data), zlib.crc32(data)) + entry_zero
        body += padded
    rest = directory + body
    number = len(models) if count is None else count
    return struct.pack("<8sIIII", b"TFLMPACK", 1, number, 32 + len(rest), zlib.crc32(rest)) + header_zero + rest


def test_the_bytes_of_a_small_pack():
    """What the firmware reads, byte by byte."""
    pack = ModelPack([("sine", b"TFL3 model"), ("b-2.x", b"\xff" * 17)])
    expected = bytes.fromhex(
        "54464c4d5041434b 01000000 02000000 b0000000 5d2c439a 0000000000000000"
        "73696e6500000000 0000000000000000 0000000000000000 0000000000000000"
        "80000000 0a000000 56dc5f0f 00000000"
        "622d322e78000000 0000000000000000 0000000000000000 0000000000000000"
        "90000000 11000000 bc4a5d02 00000000"
        "54464c33206d6f64 656c000000000000"
        "ffffffffffffffff ffffffffffffffff ff00000000000000 0000000000000000"
    )
    assert pack.encode() == by_hand((b"sine", b"TFL3 model"), (b"b-2.x", b"\xff" * 17))
    assert pack.encode() == expected
    assert pack.crc == zlib.crc32(expected)


def test_an_empty_pack_is_a_header():
    assert ModelPack().encode() == by_hand()
    assert len(ModelPack().encode()) == 32
    assert ModelPack.decode(by_hand()).entries == ()


def test_a_model_is_found_by_its_name():
    pack = ModelPack([("a", b"1"), ("b", b"22")])
    assert pack.find("b").data == b"22"
    assert pack.find("b").crc == zlib.crc32(b"22")
    assert pack.find("c") is None


NAMES = st.from_regex(r"[A-Za-z0-9_.-]{1,31}", fullmatch=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NAMES, st.binary(max_size=50)), max_size=6, unique_by=lambda model: model[0]))
def test_what_goes_in_comes_out_aligned_and_of_the_announced_size(models):
    encoded = ModelPack(models).encode()
    assert [(entry.name, entry.data) for entry in ModelPack.decode(encoded).entries] == models
    assert len(encoded) == packed_size(len(data) for _, data in models)
    for position, (_, data) in enumerate(models):
        (offset,) = struct.unpack_from("<I", encoded, 32 + 48 * position + 32)
        assert offset % ALIGNMENT == 0
        assert encoded[offset : offset + len(data)] == data


GOOD = by_hand((b"sine", b"TFL3 model"), (b"b", b"\xff" * 17))


def test_every_damaged_byte_is_noticed():
    for position in range(len(GOOD)):
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(GOOD)
            damaged[position] ^= flip
            with pytest.raises(BadPack):
                ModelPack.decode(bytes(damaged))


def test_every_truncation_and_every_extra_byte_is_noticed():
    for length in range(len(GOOD)):
        with pytest.raises(BadPack):
            ModelPack.decode(GOOD[:length])
    with pytest.raises(BadPack):
        ModelPack.decode(GOOD + b"\0")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
@example(b"\xff" * 4096)
@example(bytes(4096))
def test_any_other_bytes_are_no_pack(data):
    with pytest.raises(BadPack):
        ModelPack.decode(data)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 2**32 - 1) | st.sampled_from([0, 16, 80, 96, 128]),
    st.integers(0, 2**32 - 1) | st.integers(0, 20),
    st.sampled_from([b"a", b"a b", b"", b"\xff", b"a\0b", b"a" * 32]),
)
def test_a_directory_that_its_checksum_does_fit_is_not_believed(offset, size, name):
    """Figures that lie outside, overlap or are unaligned, in a pack whose CRC-32 is right."""
    body = b"TFL3" + bytes(12)
    model = body[offset - 80 : offset - 80 + size] if offset >= 80 else b""
    rest = struct.pack("<32sIII4x", name, offset, size, zlib.crc32(model)) + body
    data = struct.pack("<8sIIII8x", b"TFLMPACK", 1, 1, 32 + len(rest), zlib.crc32(rest)) + rest
    try:
        pack = ModelPack.decode(data)
    except BadPack:
        return
    assert (name, offset) == (b"a", 80)
    assert pack.entries[0].data == body[:size]


@pytest.mark.parametrize(
    "data",
    [
        by_hand((b"a", b"1"), count=0),
        by_hand((b"a", b"1"), count=2),
        by_hand((b"a", b"1"), count=2**32 - 1),
        by_hand((b"a", b"1"), (b"a", b"2")),
        by_hand((b"a", b"1"), header_zero=b"\1" + bytes(7)),
        by_hand((b"a", b"1"), entry_zero=b"\1\0\0\0"),
        by_hand((b"a", b"1")).replace(b"TFLMPACK\x01", b"TFLMPACK\x02"),
        by_hand((b"a", b"1")).replace(b"TFLMPACK", b"TFLMPICK"),
    ],
)
def test_a_pack_that_is_wrong_with_a_right_checksum(data):
    with pytest.raises(BadPack, match="model pack: ") as caught:
        ModelPack.decode(data)
    assert isinstance(caught.value, FlashFailed)
    assert "flash the board again" in str(caught.value)


def test_too_large_says_by_how_much():
    # Header and one directory entry are 80 bytes.
    assert len(ModelPack([("a", bytes(CAPACITY - 80))]).encode()) == CAPACITY
    with pytest.raises(ImageTooLarge) as caught:
        ModelPack([("a", bytes(CAPACITY - 79))])
    assert (caught.value.size, caught.value.capacity) == (CAPACITY + 16, CAPACITY)
    assert "1,040,400 bytes and the board's flash holds 1,040,384: 16 too many" in str(caught.value)
    assert "leave models out" in str(caught.value)
    with pytest.raises(ImageTooLarge, match="100: 28 too many"):
        ModelPack([("a", bytes(40))], capacity=100)


def test_too_many_models():
    models = [(f"m{number}", b"") for number in range(MAX_MODELS + 1)]
    assert len(ModelPack.decode(ModelPack(models[:-1]).encode()).entries) == MAX_MODELS
    with pytest.raises(ImageTooLarge, match="65 .*64: 1 too many"):
        ModelPack(models)


@pytest.mark.parametrize("name", ["", "a" * 32, "a b", "ä", "a/b", "a\n", "a\0"])
def test_a_name_that_the_directory_cannot_hold(name):
    with pytest.raises(Misuse, match="1 to 31 of the characters"):
        ModelPack([(name, b"")])


def test_two_models_of_one_name():
    with pytest.raises(Misuse, match="two models have the name 'a'"):
        ModelPack([("a", b"1"), ("a", b"2")])
