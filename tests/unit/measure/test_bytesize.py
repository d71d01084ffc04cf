"""Sizes and percentages as text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.bytesize import KiB, format_bytes, parse_bytes, parse_percent


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (0, 0),
        (8192, 8192),
        ("8192", 8192),
        (" 8192 B ", 8192),
        ("8,192 bytes", 8192),
        ("16 KiB", 16384),
        ("16KiB", 16 * KiB),
        ("1.5 KiB", 1536),
        ("2 MiB", 2097152),
        ("12 kB", 12000),
        ("0.5 MB", 500000),
        ("1 GiB", 1073741824),
        ("1 GB", 1000000000),
        ("1,048,576", 1048576),
    ],
)
def test_parse_bytes(text: str | int, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "KiB",
        "16 KB",
        "16 kib",
        "16 Kb",
        "-1",
        "-1 KiB",
        "1e3",
        "12,34",
        "1,2345",
        "1.2.3",
        "16 KiB 2",
        "nan",
        "٣",
        "9" * 16,
    ]
    + [True, False, None, 8192.0, b"16"],
)
def test_bad_bytes(text: Any) -> None:
    with pytest.raises(ValueError, match='is not a size; expected .*"16 KiB"'):
        parse_bytes(text)


def test_no_part_of_a_byte() -> None:
    with pytest.raises(ValueError, match="not a whole number of bytes"):
        parse_bytes("1.0001 KiB")


def test_no_negative_number() -> None:
    with pytest.raises(ValueError, match="cannot be negative"):
        parse_bytes(-1)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (2100, "2,100 B"),
        (1024, "1 KiB"),
        (16384, "16 KiB"),
        (1 << 21, "2 MiB"),
        (1536, "1,536 B"),
    ],
)
def test_format_bytes(size: int, text: str) -> None:
    assert format_bytes(size) == text


@given(st.integers(0, 10**12))
def test_format_is_exact(size: int) -> None:
    assert parse_bytes(format_bytes(size)) == size


@pytest.mark.parametrize(
    ("text", "share"), [("15 %", 0.15), ("15%", 0.15), (" 7.5 % ", 0.075), ("0 %", 0.0), ("250 %", 2.5)]
)
def test_parse_percent(text: str, share: float) -> None:
    assert parse_percent(text) == share


@pytest.mark.parametrize("text", ["", "%", "15", "-5 %", "1e2 %", "15 % more", 0.15, 15, True, None])
def test_bad_percent(text: Any) -> None:
    with pytest.raises(ValueError, match='is not a percentage; expected "15 %"'):
        parse_percent(text)
