"""Text of devices and files on the page: printable, bounded, and what was cut off is told."""

from __future__ import annotations

import pytest

from harness.report.html.shown import (
    NBSP,
    difference,
    duration,
    figure,
    first_lines,
    last_lines,
    number,
    one_line,
    printable,
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain \u00e9\u4e2d\tand tab\n", "plain \u00e9\u4e2d\tand tab\n"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("nul\0", "nul\\x00"),
        ("c1 \x9b31m", "c1 \\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066isolate", "\\u2066isolate"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("line\u2028end", "line\\u2028end"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_its_escape(raw: str, shown: str) -> None:
    assert printable(raw) == shown


def test_a_line_of_ten_megabytes_is_cut_and_says_so() -> None:
    assert one_line("x" * 10_000_000, 100) == "x" * 100 + "\u2026 (cut: 10,000,000 characters)"
    told = first_lines("short\n" + "y" * 10_000_000 + "\nafter", 5_000).splitlines()
    assert told[0] == "short" and told[2] == "after"
    assert told[1].endswith("\u2026 (cut: 10,000,000 characters)") and len(told[1]) < 400


def test_a_line_that_is_not_cut_says_nothing_of_a_cut() -> None:
    assert one_line("first\nsecond" * 1000, 100) == "first"


def test_escapes_count_too_so_that_no_text_grows_beyond_its_bound() -> None:
    assert len(one_line("\0" * 1000, 100)) < 150
    assert len(last_lines(["\0" * 1000] * 1000, 6_000)) < 6_500


def test_of_many_lines_the_first_stay_of_a_message_and_the_last_of_a_log() -> None:
    lines = [f"line {place}" for place in range(1000)]
    assert first_lines("\n".join(lines), 10_000).splitlines()[::59] == ["line 0", "line 59"]
    assert first_lines("\n".join(lines), 10_000).endswith("\n(and 940 more lines)")
    assert last_lines(lines, 10_000).startswith("(940 lines before)\nline 940\n")
    assert last_lines(lines, 10_000).endswith("line 999")


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (4320.0, "B", f"4,320{NBSP}B"),
        (683.2, "us", f"0.683{NBSP}ms"),
        (18.8, "us", f"18.80{NBSP}\u00b5s"),
        (0.925, "share", f"92.5{NBSP}%"),
        (0.0123456789, "", "0.0123457"),
        (None, "B", "\u2013"),
        (float("inf"), "us", "out of range"),
        (float("nan"), "", "out of range"),
        (1e300, "B", "out of range"),
        (10**400, "", "out of range"),
    ],
)
def test_figures_have_their_unit(value: float | None, unit: str, shown: str) -> None:
    assert figure(value, unit) == shown


@pytest.mark.parametrize(
    ("before", "now", "unit", "shown"),
    [
        (1000, 1064, "B", f"+64{NBSP}B (+6.40{NBSP}%)"),
        (685.0, 733.0, "us", f"+7.01{NBSP}%"),
        (0.9, 0.85, "share", "-5 points"),
        (0, 16, "B", f"+16{NBSP}B"),
        (None, 16, "B", ""),
        (1.0, float("inf"), "us", ""),
    ],
)
def test_differences_say_by_how_much(before: float | None, now: float, unit: str, shown: str) -> None:
    assert difference(before, now, unit) == shown


def test_no_figure_is_a_dash() -> None:
    assert (number(None), duration(None)) == ("\u2013", "\u2013")
