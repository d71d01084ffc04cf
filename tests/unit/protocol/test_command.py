import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import Misuse
from harness.protocol.command import BadCommand, Command


def test_a_command_is_one_line_with_its_arguments_and_id():
    assert (
        Command("open", {"model": "sine_int8", "arena": "8192"}, 7).encode() == b"open model=sine_int8 arena=8192 #7\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"#3",
        b"OPEN model=x",
        b"open model",
        b"open model=",
        b"open model=a model=b",
        b"open Model=a",
        b"open model=\xff",
        b"ping #99999999999",
        b"ping #4294967296",
        b"a" * 300,
    ],
)
def test_what_is_no_command_is_refused(line):
    with pytest.raises(BadCommand):
        Command.decode(line)


def test_carriage_return_and_extra_spaces_of_a_terminal_are_ignored():
    assert Command.decode(b"  ping   #5\r") == Command("ping", {}, 5)


@pytest.mark.parametrize("value", ["", "two words", "line\nfeed", "ü", "x" * 65])
def test_a_value_that_a_line_cannot_carry_is_never_sent(value):
    with pytest.raises(Misuse):
        Command("open", {"model": value}).encode()


words = st.from_regex(r"[a-z][a-z_]{0,15}", fullmatch=True)
values = st.from_regex(r"[!-~]{1,64}", fullmatch=True)


@given(words, st.dictionaries(words, values, max_size=2), st.none() | st.integers(0, 2**32 - 1))
def test_what_is_encoded_is_decoded_again(verb, arguments, identifier):
    command = Command(verb, arguments, identifier)
    assert Command.decode(command.encode()[:-1]) == command


@given(st.binary(max_size=400))
def test_any_line_is_a_command_or_refused(line):
    with contextlib.suppress(BadCommand):
        Command.decode(line)
