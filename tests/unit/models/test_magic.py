"""What a file is told to be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.models.magic import recognise


def test_unknown_bytes() -> None:
    assert recognise(b"\x1c\x00\x00\x00\x99\x98\x97\x96" + bytes(range(200, 250))) == ("", "")


def test_a_tflite_is_none_of_the_others(dense_bytes: bytes) -> None:
    assert recognise(dense_bytes) == ("", "")


@given(st.binary(max_size=300))
def test_never_raises(data: bytes) -> None:
    kind, advice = recognise(data)
    assert kind or not advice
