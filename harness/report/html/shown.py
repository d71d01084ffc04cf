"""Text and numbers of others, made fit to be shown: printable, bounded, still to be escaped for HTML."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime

from harness.measure.duration import format_duration

# A space that keeps a number and its unit in one line.
NBSP = "\u00a0"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MOST = 1e15
_MOST_LINE = 300
_MOST_LINES = 60
# Control and format characters (terminal sequences, NUL, direction overrides), surrogates, unassigned ones, and
# separators of lines that HTML does not know.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def printable(text: str) -> str:
    """The same text with every character that cannot be seen written as its escape; tabs and line ends stay."""
    if text.isprintable():
        return text
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in _UNSEEN else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def one_line(text: str, most: int) -> str:
    """The first line that is not empty, of at most about `most` characters; what was cut off is told."""
    # No more is looked at than can be shown.
    head = text[: 4 * most].strip()
    first, ends, _ = head.partition("\n")
    return _cut(first.rstrip(), most, len(first) if ends or len(text) <= 4 * most else len(text))


def label(text: str, most: int) -> str:
    """A name short enough for a picture; the whole of it is elsewhere on the page."""
    shown = printable(text[: most + 1].replace("\n", " "))
    return shown if len(shown) <= most else f"{shown[: most - 1]}\u2026"


def first_lines(text: str, most: int) -> str:
    """The beginning of a text of several lines; what was left out is told."""
    # Splitting makes a list of all lines; a text of line ends only would be a long one.
    lines = text.replace("\r\n", "\n").split("\n", _MOST_LINES)
    hidden = lines.pop().count("\n") + 1 if len(lines) > _MOST_LINES else 0
    told, left_out = _fitting(lines, most)
    if hidden + left_out:
        told.append(f"(and {hidden + left_out:,} more lines)")
    return "\n".join(told)


def last_lines(lines: Sequence[str], most: int) -> str:
    """The end of a log; what was left out is told."""
    newest = lines[-_MOST_LINES:]
    told, left_out = _fitting(newest[::-1], most)
    left_out += len(lines) - len(newest)
    if left_out:
        told.append(f"({left_out:,} lines before)")
    return "\n".join(reversed(told))


def _fitting(lines: Sequence[str], most: int) -> tuple[list[str], int]:
    """The first lines, made fit, of about `most` characters together, and how many others there are."""
    told: list[str] = []
    room = most
    for line in lines:
        if room <= 0:
            break
        told.append(_cut(line, _MOST_LINE, len(line)))
        room -= len(told[-1]) + 1
    return told, len(lines) - len(told)


def _cut(line: str, most: int, length: int) -> str:
    # Bounded before and after: an escape takes up to ten characters.
    shown = printable(line[:most].replace("\r", "\\r"))
    if len(shown) <= most and length <= most:
        return shown
    return f"{shown[:most]}\u2026 (cut: {length:,} characters)"


def day(moment: datetime) -> str:
    """A day, short enough for an axis: "Tue 17 Nov"."""
    # Not %a and %b: the page is in English, wherever it is made.
    return f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]}"


def number(value: float | int | None) -> str:
    """With thousands separated, "-" for None."""
    if value is None:
        return "\u2013"
    if not abs(value) < _MOST:
        return "out of range"
    return f"{value:,}" if isinstance(value, int) or value == int(value) and abs(value) >= 1000 else f"{value:.6g}"


def size(value: float | int | None) -> str:
    """Bytes."""
    return number(value) if value is None or not abs(value) < _MOST else f"{round(value):,}{NBSP}B"


def duration(us: float | None) -> str:
    """Microseconds, in the unit that fits."""
    if us is None:
        return "\u2013"
    if not abs(us) < _MOST:
        return number(us)
    return format_duration(us).replace(" us", " µs").replace(" ", NBSP)


def share(value: float | None) -> str:
    """A share in percent."""
    return "\u2013" if value is None or not abs(value) < _MOST else f"{value * 100:.3g}{NBSP}%"


def figure(value: float | None, unit: str) -> str:
    """A figure in its unit: "B", "us", "share", or one of its own."""
    known = {"B": size, "us": duration, "share": share}
    return known.get(unit, number)(value)


def difference(before: float | None, now: float | None, unit: str) -> str:
    """How much more it is now: absolute for bytes and shares, and in percent where that means something."""
    if before is None or now is None or not (abs(before) < _MOST and abs(now) < _MOST):
        return ""
    delta = now - before
    if unit == "share":
        return f"{delta * 100:+.3g} points"
    relative = f"{delta / before * 100:+.2f}{NBSP}%" if before else ""
    if unit == "B":
        return f"{delta:+,.0f}{NBSP}B" + (f" ({relative})" if relative else "")
    return relative or f"{delta:+.4g}"
