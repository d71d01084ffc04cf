"""From --board, given once or several times, to a name for each board."""

import pytest

from harness.boards.several import board_names, kind_of, takes_any_number
from harness.errors import Misuse


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["host"], ["host"]),
        (["emulator:3"], ["emulator"] * 3),
        (["emulator", "emulator"], ["emulator"] * 2),
        (["emulator:2", "host", "left"], ["emulator", "emulator", "host", "left"]),
        (["emulator-1", "emulator-0"], ["emulator-1", "emulator-0"]),
        (["rfc2217://bench:4000", "1-2.3"], ["rfc2217://bench:4000", "1-2.3"]),
    ],
)
def test_each_board_has_a_name(texts, names):
    assert board_names(texts) == names


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["left", "left"], "--board left is given 2 times"),
        (["emulator:0"], "from 1 to 64 expected, 0 came"),
        (["host:65"], "from 1 to 64 expected, 65 came"),
        (["emulator-0", "emulator"], "which may be emulator-0"),
        (["emulator:64"] * 5, "at most 256 boards"),
    ],
)
def test_what_could_mean_one_board_twice_is_refused(texts, words):
    with pytest.raises(Misuse, match=words):
        board_names(texts)


def test_a_name_tells_the_kind():
    names = ("host", "emulator", "emulator-7", "/dev/ttyACM0", "socket://bench:1", "left-host", "E6614103E7452D2F")
    assert [kind_of(name) for name in names] == ["host", "emulator", "emulator", "pico", "pico", "pico", "pico"]


def test_only_programs_come_in_any_number():
    assert takes_any_number(["emulator"])
    assert not takes_any_number(["emulator-0"])
    assert not takes_any_number(["emulator", "emulator"])
    assert not takes_any_number(["1-2"])
