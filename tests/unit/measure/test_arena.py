"""Arena figures with literal numbers."""

from __future__ import annotations

import pickle
from dataclasses import asdict

import pytest

from harness.errors import LimitExceeded, Misuse
from harness.measure.arena import Arena


def arena(used: int | None, *, size: int = 4096, minimum: int | None = None, bits: int = 32) -> Arena:
    return Arena(size, used, used, 0, {"kOpData": 0}, bits, minimum)


@pytest.mark.parametrize(
    ("used", "headroom", "recommended"),
    [
        (2100, 0.0, 2112),
        (2112, 0.0, 2112),
        (2113, 0.0, 2128),
        (1000, 0.15, 1152),
        # 160 * 1.1 is 176 and not 176.00000000000003.
        (160, 0.1, 176),
        (100, 1, 208),
        (0, 0.5, 0),
    ],
)
def test_recommended(used: int, headroom: float, recommended: int) -> None:
    assert arena(used).recommended(headroom) == recommended


def test_smallest_working_size_counts_where_it_is_known() -> None:
    assert arena(2100, minimum=3360).recommended(0.0) == 3360
    assert arena(None, minimum=3360).recommended(0.1) == 3696


@pytest.mark.parametrize("headroom", [-0.1, float("nan"), float("inf"), True])
def test_headroom_must_be_a_share(headroom: float) -> None:
    with pytest.raises(Misuse, match="a share from 0 is expected"):
        arena(100).recommended(headroom)


def test_unknown_use() -> None:
    with pytest.raises(Misuse, match="used bytes of this arena are not known.*preserved") as caught:
        arena(None).check(4096, 0.1)
    assert "without preserving" in caught.value.advice


def test_check_passes_at_the_limit() -> None:
    arena(2112).check(2112, 0.0)
    arena(1000).check(1152, 0.15)


@pytest.mark.parametrize(
    ("given", "limit", "headroom", "message"),
    [
        (
            arena(2100),
            2000,
            0.15,
            "arena: at most 2,000 bytes expected (the limit); "
            "used are 2,100 bytes, with 15 % headroom 2,416: 416 too many",
        ),
        (arena(2112), 2111, 0.0, "arena: at most 2,111 bytes expected (the limit); used are 2,112 bytes: 1 too many"),
        (
            arena(2110),
            2111,
            0.0,
            "arena: at most 2,111 bytes expected (the limit); used are 2,110 bytes, aligned 2,112: 1 too many",
        ),
        (
            arena(4000),
            None,
            0.1,
            "arena: at most 4,096 bytes expected (the arena that the model was opened in); "
            "used are 4,000 bytes, with 10 % headroom 4,400: 304 too many",
        ),
        (
            arena(2100, minimum=3360),
            3000,
            0.0,
            "arena: at most 3,000 bytes expected (the limit); the smallest working arena is 3,360 bytes: 360 too many",
        ),
    ],
)
def test_limit_exceeded(given: Arena, limit: int | None, headroom: float, message: str) -> None:
    with pytest.raises(LimitExceeded) as caught:
        given.check(limit, headroom)
    assert caught.value.message == message
    assert "give at least" in caught.value.advice


def test_advice_names_foreign_pointers() -> None:
    with pytest.raises(LimitExceeded) as caught:
        arena(100, bits=64).check(16)
    assert "64-bit pointers" in caught.value.advice
    with pytest.raises(LimitExceeded) as caught:
        arena(100).check(16)
    assert "pointers" not in caught.value.advice


def test_limit_must_not_be_negative() -> None:
    with pytest.raises(Misuse, match="at least 0"):
        arena(100).check(-1, 0.0)


def test_is_a_value() -> None:
    categories = {"tensors": 5}
    one = Arena(16, 1, 1, 0, categories, 32)
    categories["tensors"] = 6
    assert one.categories == {"tensors": 5}
    assert one == Arena(16, 1, 1, 0, {"tensors": 5}, 32)
    assert one != Arena(16, 1, 1, 0, {"tensors": 6}, 32)
    assert hash(one) == hash(Arena(16, 1, 1, 0, {"tensors": 5}, 32))
    assert pickle.loads(pickle.dumps(one)) == one
    assert asdict(one)["categories"] == {"tensors": 5}


def test_it_is_printed_with_its_categories():
    arena = Arena(size=8192, used=2100, head=100, tail=2000, categories={"variables": 48}, pointer_bits=32)
    assert str(arena) == "2,100 of 8,192 bytes used (head 100, tail 2,000: variables 48; 32-bit)"
    unknown = Arena(size=8192, used=None, head=None, tail=None, categories={}, pointer_bits=64)
    assert str(unknown) == "unknown of 8,192 bytes used (head unknown, tail unknown; 64-bit)"
