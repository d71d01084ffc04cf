"""Tensor bytes on their way to a device: they may hold anything, and they may not come."""

import zlib

import pytest

from harness.deadline import Deadline
from tests.support.terminal import ARENA


@pytest.mark.parametrize("data", [b"\n", b"\r", b"\x1e", b"\0", b"\xff", b"\x03", b"\x04", b"\x11", b"\x13", b"#"])
def test_an_input_may_be_any_byte(terminal, data):
    number = terminal.open()
    assert terminal.stage(number, data)["type"] == "reply"
    assert terminal.ask(f"invoke session={number}")["type"] == "reply"


def test_an_input_may_look_like_a_command(terminal):
    number = terminal.open("counter")
    for data in (b"\n\n\n\n", b"ing\n", b"\r\n\r\n", b"\x1e{}\n"):
        assert terminal.stage(number, data)["type"] == "reply"
    terminal.type(f"input session={number} index=0 bytes=4 crc={zlib.crc32(b'ping'):08x} #3\nping\nping #4\n")
    assert [terminal.answer()[-1].get("id") for _ in range(2)] == [3, 4]


def test_the_reply_is_empty_or_tells_how_long_it_took(terminal):
    number = terminal.open()
    final = terminal.stage(number, b"\1")
    assert set(final) - {"us"} == {"n", "type", "verb"}
    assert 0 <= final.get("us", 0) < 60_000_000


@pytest.mark.parametrize(
    ("data", "crc", "message"),
    [
        (b"\1", "00000000", "CRC-32 00000000 announced, a505df1b came"),
        (b"\1\2", None, "input 0 has 1 bytes, 2 came"),
        (b"", None, "input 0 has 1 bytes, 0 came"),
        (b"\n", "00000000", "CRC-32 00000000 announced"),
        (b"x" * 70, None, "input 0 has 1 bytes, 70 came"),
    ],
)
def test_a_payload_that_is_not_what_was_announced(terminal, data, crc, message):
    number = terminal.open()
    error = terminal.stage(number, data, crc)
    assert (error["code"], message in error["message"]) == ("bad_payload", True)
    assert terminal.ask(f"invoke session={number}")["code"] == "missing_input"


PAYLOADS = [b"\nreboot\n", b"ping #1\n" * 2000, b"\x1e\x00\xff" * 100_000]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(3))
def test_the_payload_of_a_closed_session_is_swallowed(terminal, payload):
    number = terminal.open()
    terminal.ask(f"close session={number}")
    assert terminal.stage(number, payload)["code"] == "no_session"
    assert terminal.ask("ping #21")["id"] == 21


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(3))
def test_the_payload_of_a_wrong_length_is_swallowed(terminal, payload):
    assert terminal.stage(terminal.open(), payload)["code"] == "bad_payload"
    assert terminal.ask("ping #22")["id"] == 22


@pytest.mark.parametrize(
    "refused", ["index=0", "index=7 crc=00000000", "crc=00000000", "index=0 crc=", "index=0 crc=0"]
)
def test_the_payload_of_a_refused_command_is_swallowed(terminal, refused):
    number = terminal.open()
    terminal.type(f"input session={number} {refused} bytes=5 #1\n".encode() + b"ping\n" + b"ping #2\n")
    error = terminal.answer()[-1]
    if refused.endswith("="):
        # No command at all, so nothing of it counts: the five bytes are a line.
        assert error["code"] == "bad_command"
        assert "id" not in terminal.answer()[-1]
    else:
        assert (error["code"], error["id"]) == ("bad_argument", 1)
    assert terminal.answer()[-1]["id"] == 2


@pytest.mark.parametrize("size", ["", "x", "16777217", "4294967296"])
def test_without_a_length_that_counts_nothing_is_taken_for_a_payload(terminal, size):
    number = terminal.open()
    terminal.type(f"input session={number} index=0 crc=00000000 {f'bytes={size}' if size else ''} #1\nping #2\n")
    error = terminal.answer()[-1]
    assert (error["code"], error["id"]) == ("bad_argument" if size else "bad_payload", 1)
    assert terminal.answer()[-1]["id"] == 2


def test_only_input_has_a_payload(terminal):
    terminal.type("ping bytes=5 #1\nping #2\n")
    assert [terminal.answer()[-1]["id"] for _ in range(2)] == [1, 2]


def test_a_payload_that_does_not_come_is_given_up(terminal):
    number = terminal.open()
    deadline = Deadline(1.5)
    error = terminal.stage(number, b"\1\2\3", announced=10)
    assert deadline.expired()
    # The length is wrong besides, which a device may notice first.
    assert error["code"] == "bad_payload"
    assert terminal.stage(number, b"\1")["type"] == "reply"


def test_a_payload_of_the_right_length_that_comes_in_part(terminal):
    number = terminal.open("counter")
    error = terminal.stage(number, b"\1\2\3", announced=4)
    assert (error["code"], error["message"]) == ("bad_payload", "1 of 4 bytes did not come within 2 s")
    assert terminal.ask(f"invoke session={number}")["code"] == "missing_input"


def test_a_payload_that_comes_slowly_is_awaited(terminal):
    """The two seconds are counted from byte to byte."""
    number = terminal.open("counter")
    terminal.type(f"input session={number} index=0 bytes=4 crc={zlib.crc32(b'slow'):08x} #6\n")
    for letter in b"slo":
        assert terminal.line(0.8) is None
        terminal.type(bytes([letter]))
    assert terminal.line(0.8) is None
    terminal.type("w")
    assert terminal.answer()[-1]["type"] == "reply"


@pytest.mark.parametrize(("crc", "code"), [("A505DF1B", "bad_argument"), ("0", "bad_argument"), (None, "reply")])
def test_a_crc_is_eight_lower_case_digits(terminal, crc, code):
    final = terminal.stage(terminal.open(), b"\1", crc)
    assert final.get("code", final["type"]) == code


def test_what_is_left_of_an_input_that_was_staged_before(terminal):
    number = terminal.open()
    terminal.stage(number, b"\1")
    # Refused before a byte of it was taken for the tensor's: the earlier one stays.
    assert terminal.stage(number, b"\1\2")["code"] == "bad_payload"
    assert terminal.stage(number, b"\1", "ABCDEF01")["code"] == "bad_argument"
    assert terminal.ask(f"invoke session={number}")["type"] == "reply"
    # Its bytes came, and they are wrong.
    assert terminal.stage(number, b"\1", "00000000")["code"] == "bad_payload"
    assert terminal.ask(f"invoke session={number}")["code"] == "missing_input"
    terminal.stage(number, b"\1")
    assert terminal.stage(number, b"", announced=1)["code"] == "bad_payload"
    assert terminal.ask(f"invoke session={number}")["code"] == "missing_input"


def test_the_line_before_a_payload_may_be_as_long_as_any(terminal):
    number = terminal.open()
    line = f"input session={number} index=0 bytes=1 crc={zlib.crc32(b'x'):08x}"
    terminal.type(line + " " * (252 - len(line)) + "#4\nx")
    assert terminal.answer()[-1]["type"] == "reply"
    assert terminal.ask(f"open model=small arena={ARENA}")["type"] == "reply"
