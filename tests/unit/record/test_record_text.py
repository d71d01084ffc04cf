"""Text of others in a record: printable, bounded."""

import pytest

from harness.record.text import bounded, line


@pytest.mark.parametrize("make", [bounded, line])
def test_what_a_terminal_or_a_page_would_obey_is_written_out(make):
    assert make("\x1b[31m\x00\x7f\u202e\ud800]]><b>") == r"\x1b[31m\x00\x7f\u202e\ud800]]><b>"


def test_lines_stay_lines_where_there_may_be_several():
    assert bounded("a\r\n\tb") == "a\n\tb"
    assert line("a\nb") == r"a\nb"


def test_ten_megabytes_lose_their_middle_and_say_so():
    text = bounded("a" * 5_000_000 + "\0" * 5_000_000, 300)
    assert text.startswith("a" * 200)
    assert r"\x00" in text
    assert "(9,999,700 characters)" in text
    assert len(text) <= 600
    assert len(line("\0" * 10_000_000, 100)) == 100
