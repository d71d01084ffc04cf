"""Sizes in bytes, and shares in percent, as a person writes them."""

from __future__ import annotations

import re
from fractions import Fraction

KiB = 1024

# "KB" is missing on purpose: some mean 1,000 bytes by it and some 1,024.
_UNITS = {"": 1, "B": 1, "bytes": 1, "kB": 1000, "KiB": KiB, "MB": 1000**2, "MiB": KiB**2, "GB": 1000**3, "GiB": KiB**3}
_BYTES = re.compile(r"\s*([0-9]{1,3}(?:,[0-9]{3}){1,4}|[0-9]{1,15}(?:\.[0-9]{1,9})?)\s*([A-Za-z]*)\s*")
_PERCENT = re.compile(r"\s*([0-9]{1,6}(?:\.[0-9]{1,9})?)\s*%\s*")
_FORMS = 'a whole number of bytes, "8192", "16 KiB" (x 1,024), "12 kB" (x 1,000), "1.5 MiB", ...'


def parse_bytes(text: str | int) -> int:
    """A size in bytes.

    Args:
        text: a number of bytes, or a text with or without a unit: B, bytes, kB, KiB, MB, MiB, GB, GiB.

    Raises:
        ValueError: it is none, or not a whole number of bytes; the message shows the allowed forms.
    """
    # True is an int in Python, and no size.
    if isinstance(text, int) and not isinstance(text, bool):
        if text < 0:
            raise ValueError(f"a size cannot be negative: {text}; expected {_FORMS}")
        return text
    match = _BYTES.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"{text!r} is not a size; expected {_FORMS}")
    size = Fraction(match[1].replace(",", "")) * _UNITS[match[2]]
    if size.denominator != 1:
        raise ValueError(f"{text!r} is not a whole number of bytes; expected {_FORMS}")
    return size.numerator


def format_bytes(size: int) -> str:
    """A size for a person; exact, so that `parse_bytes` gives it back: "16 KiB", "2,100 B"."""
    for unit in ("MiB", "KiB"):
        if size and size % _UNITS[unit] == 0:
            return f"{size // _UNITS[unit]:,} {unit}"
    return f"{size:,} B"


def parse_percent(text: str) -> float:
    """A share: "15 %" is 0.15.

    Raises:
        ValueError: it is not a number, from 0 on, with a percent sign.
    """
    match = _PERCENT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f'{text!r} is not a percentage; expected "15 %", "7.5%", ...')
    return float(Fraction(match[1]) / 100)
