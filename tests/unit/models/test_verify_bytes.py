"""Files that are no flatbuffer, or a broken one."""

from __future__ import annotations

import random
import struct
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harness.errors import ModelRejected
from harness.models.tflite import parse
from harness.models.verify import verify

# A model of a few kilobytes is verified in about a millisecond; the rest is for a busy machine.
SECONDS = 2.0


def rejected(data: bytes) -> ModelRejected:
    with pytest.raises(ModelRejected) as caught:
        verify(data)
    return caught.value


def accepted(data: bytes) -> bool:
    """Whether `parse` takes the bytes; nothing but ModelRejected may come, and it must come soon."""
    start = time.perf_counter()
    try:
        verify(data)
    except ModelRejected as error:
        assert error.message
        sound = False
    else:
        sound = True
    try:
        parse(data, "model")
        taken = True
    except ModelRejected:
        taken = False
    assert time.perf_counter() - start < SECONDS
    assert sound or not taken
    return taken


# --- other files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"TFL", "text"),
        (b"\x01\x02\x03", "has only 3 bytes"),
        (b"\x1c\x00\x00\x00TFL2" + bytes(64), "another schema, TFL2"),
        (b"\x1c\x00\x00\x00ABCD" + bytes(64), "expected TFL3 at byte 4, came b'ABCD'"),
        (b"\x89HDF\r\n\x1a\n" + bytes(64), "an HDF5 file, such as a Keras .h5"),
        (b"PK\x03\x04" + bytes(64), "a zip archive, such as a .keras"),
        (b"\x08\x07\x12\x07pytorch", "an ONNX model"),
        (b"\x08\x01\x12\x07saved", "a TensorFlow SavedModel"),
        (b"\x20\x00\x00\x00ORTM" + bytes(32), "ONNX Runtime"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"hello, this is no model", "a text file"),
        (b"alignas(16) const unsigned char g_model[] = {0x1c};", "C source"),
        (b"\x40\x00\x00\x00\x1c\x00\x00\x00TFL3" + bytes(32), "size-prefixed"),
        (bytes(4096), "nothing but zeros"),
        (b"\xff" * 4096, "erased flash"),
    ],
)
def test_other_files_are_named(data: bytes, words: str) -> None:
    assert words in rejected(data).message


def test_advice_for_a_keras_file() -> None:
    assert "TFLiteConverter" in rejected(b"\x89HDF\r\n\x1a\n").advice


# --- broken structure, with the place ------------------------------------------------------------------------------


def hand_made() -> bytearray:
    """The smallest flatbuffer with an identifier: root at 16, its vtable (version only) at 8."""
    return bytearray(struct.pack("<I4sHHHHiI", 16, b"TFL3", 6, 8, 4, 0, 8, 3))


def test_hand_made_file_is_a_sound_flatbuffer() -> None:
    assert rejected(bytes(hand_made())).message == "model: operator_codes are missing"


@pytest.mark.parametrize(
    ("at", "form", "value", "message"),
    [
        (0, "<I", 0, "root table at byte 0: an offset is expected, came 0: damaged"),
        (
            0,
            "<I",
            1000,
            "model at byte 1,000: 4 bytes are expected there, the file ends at byte 24: truncated or damaged",
        ),
        (0, "<I", 18, "model at byte 18: a multiple of 4 is expected as its position: damaged"),
        (16, "<i", 18, "model vtable at byte -2: 4 bytes are expected there, the file ends at byte 24"),
        (16, "<i", -100, "model vtable at byte 116: 4 bytes are expected there, the file ends at byte 24"),
        (16, "<i", 7, "model vtable at byte 9: a multiple of 2 is expected as its position: damaged"),
        (8, "<H", 7, "model vtable at byte 8: an even size of at least 4 is expected, came 7: damaged"),
        (8, "<H", 2, "model vtable at byte 8: an even size of at least 4 is expected, came 2: damaged"),
        (8, "<H", 60, "model vtable at byte 8: 60 bytes are expected there, the file ends at byte 24"),
        (10, "<H", 3, "model vtable at byte 8: a table size of at least 4 is expected, came 3: damaged"),
        (10, "<H", 12, "model at byte 16: 12 bytes are expected there, the file ends at byte 24"),
        (12, "<H", 6, "model version at byte 16: offset 6 with 4 bytes lies outside its table of 8 bytes: damaged"),
        (12, "<H", 2, "model version at byte 16: offset 2 with 4 bytes lies outside its table of 8 bytes: damaged"),
    ],
)
def test_place_of_a_broken_structure(at: int, form: str, value: int, message: str) -> None:
    data = hand_made()
    struct.pack_into(form, data, at, value)
    assert rejected(bytes(data)).message.startswith(message)


def test_misaligned_scalar() -> None:
    data = hand_made()
    struct.pack_into("<H", data, 12, 5)
    struct.pack_into("<H", data, 10, 9)
    assert "model version at byte 21: a multiple of 4" in rejected(bytes(data) + bytes(8)).message


def test_place_inside_a_model(dense_bytes: bytes) -> None:
    data = bytearray(dense_bytes)
    at = data.index(b"weights\0")
    data[at + 7] = 0x41
    assert f"subgraph 0 tensor 1 name at byte {at + 7:,}: a text's closing 0" in rejected(bytes(data)).message


def test_overlong_vector(dense_bytes: bytes) -> None:
    data = bytearray(dense_bytes)
    at = data.index(bytes(range(12)))
    struct.pack_into("<I", data, at - 4, 1 << 30)
    message = rejected(bytes(data)).message
    assert message.startswith(f"buffer 1 data at byte {at:,}: 1,073,741,824 bytes are expected there")
    assert "truncated" in message


def test_overlong_name(dense: Any, pack: Any) -> None:
    dense.description = b"x" * 65_537
    assert "a text of 65,537 bytes" in rejected(pack(dense)).message


def test_truncated_anywhere(dense_bytes: bytes, counter_bytes: bytes) -> None:
    for whole in (dense_bytes, counter_bytes):
        for size in range(len(whole) - 16):
            assert not accepted(whole[:size]), size


# --- files that cost time -------------------------------------------------------------------------------------------


def repeated(count: int, subgraphs: int) -> bytes:
    """A model with `subgraphs` entries for one subgraph, which has `count` entries for one tensor."""
    out = bytearray(struct.pack("<I4s", 0, b"TFL3"))

    def put(form: str, *values: int) -> int:
        at = len(out)
        out.extend(struct.pack(form, *values))
        return at

    def vector(entries: list[int]) -> int:
        at = put("<I", len(entries))
        for target in entries:
            put("<I", target)
        return at

    def table(fields: list[int]) -> int:
        """A table of offset fields; 0 leaves one out."""
        size = 4 + 4 * len(fields)
        vtable = put("<HH", 4 + 2 * len(fields), size)
        for number, target in enumerate(fields):
            put("<H", 4 + 4 * number if target else 0)
        put(f"<{len(out) % 4}x")
        at = put("<i", len(out) - vtable)
        for target in fields:
            put("<I", target)
        return at

    # Offsets point forward only: lay out the outer parts first and fill their targets in when these are known.
    slots: list[tuple[int, int]] = []
    root = table([1, 1, 1, 0, 1])
    struct.pack_into("<I", out, root + 4, 3)
    codes = vector([])
    buffers = vector([1])
    slots += [(root + 8, codes), (root + 20, buffers), (buffers + 4, table([]))]
    graphs = vector([1] * subgraphs)
    slots.append((root + 12, graphs))
    graph = table([1, 1, 1])
    slots += [(graphs + 4 + 4 * number, graph) for number in range(subgraphs)]
    tensors = vector([1] * count)
    empty = vector([])
    slots += [(graph + 4, tensors), (graph + 8, empty), (graph + 12, empty)]
    tensor = table([])
    slots += [(tensors + 4 + 4 * number, tensor) for number in range(count)]
    for at, target in slots:
        struct.pack_into("<I", out, at, target - at)
    struct.pack_into("<I", out, 0, root)
    return bytes(out)


def test_repeated_parts_are_laid_out_as_meant() -> None:
    model = parse(repeated(3, 2), "model")
    assert (model.tensor_count, model.ops, model.inputs) == (6, (), ())


def test_parts_that_overlap_many_times_are_refused_soon() -> None:
    data = repeated(5_000, 5_000)
    start = time.perf_counter()
    assert "overlap many times" in rejected(data).message
    assert time.perf_counter() - start < SECONDS


def test_work_is_capped() -> None:
    from harness.models.flatbuffer import Flatbuffer
    from harness.models.schema_table import TFLITE

    buffer = Flatbuffer(repeated(1000, 1000), TFLITE)
    graphs = buffer.root.tables("subgraphs")
    with pytest.raises(ModelRejected, match="overlap many times"):
        for graph in graphs:
            graph.tables("tensors")


# --- random damage --------------------------------------------------------------------------------------------------

WORDS = [0, 1, 2, 3, 4, 5, 127, 128, 255, 256, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF]

edits = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.one_of(st.integers(0, 255).map(lambda byte: bytes([byte])), st.sampled_from(WORDS)),
    ),
    min_size=1,
    max_size=4,
)


def damaged(whole: bytes, changes: list[tuple[float, Any]], keep: float) -> bytes:
    data = bytearray(whole)
    for share, value in changes:
        at = int(share * len(data))
        if isinstance(value, bytes):
            data[at] = value[0]
        else:
            at = at // 4 * 4
            data[at : at + 4] = struct.pack("<I", value)[: len(data) - at]
    return bytes(data[: int(len(data) * keep)])


fuzz = settings(
    max_examples=1500, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@fuzz
@given(changes=edits, keep=st.sampled_from([1.0, 1.0, 1.0, 0.99, 0.7, 0.3]))
def test_damaged_dense_model(dense_bytes: bytes, changes: list[tuple[float, Any]], keep: float) -> None:
    accepted(damaged(dense_bytes, changes, keep))


@fuzz
@given(changes=edits, keep=st.sampled_from([1.0, 1.0, 1.0, 0.99, 0.7, 0.3]))
def test_damaged_counter_model(counter_bytes: bytes, changes: list[tuple[float, Any]], keep: float) -> None:
    accepted(damaged(counter_bytes, changes, keep))


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.binary(max_size=200))
@example(b"")
def test_random_bytes(tail: bytes) -> None:
    for data in (tail, b"\x10\x00\x00\x00TFL3" + tail):
        assert not accepted(data)


def test_every_byte_of_a_model_damaged_in_turn(dense_bytes: bytes, counter_bytes: bytes) -> None:
    """Not all damage can be seen: a name or a weight may be any. But much of it is, and the rest is still readable."""
    chance = random.Random(1)
    taken = total = 0
    for whole in (dense_bytes, counter_bytes):
        for at in range(len(whole)):
            for value in (0x00, 0xFF, whole[at] ^ 0x80, chance.randrange(256)):
                data = bytearray(whole)
                data[at] = value
                taken += accepted(bytes(data))
                total += 1
    assert 0.1 < taken / total < 0.9
