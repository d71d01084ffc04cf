"""Sessions: how many, whose memory, and what open, invoke, reset and close do to their state."""

import base64
import struct

import pytest

from tests.support.terminal import ARENA


@pytest.fixture
def invoke(terminal, target):
    """Invokes a session of "counter" and returns what it tells: how often it was, one way or the other."""

    def invoke(number, **arguments):
        given = "".join(f" {key}={value}" for key, value in arguments.items())
        assert terminal.ask(f"invoke session={number}{given}")["type"] == "reply"
        terminal.type(f"output session={number} index={target.counter.output}\n")
        chunk = terminal.answer()[0]
        return struct.unpack(target.counter.figure, base64.b64decode(chunk["b64"]))[0]

    return invoke


@pytest.fixture
def opened(terminal, target):
    """Opens "counter", and gives it its input."""

    def opened():
        number = terminal.open("counter")
        assert terminal.stage(number, target.counter.data)["type"] == "reply"
        return number

    return opened


def test_the_state_goes_on_from_invoke_to_invoke_and_the_input_stays(target, opened, invoke):
    number = opened()
    assert [invoke(number) for _ in range(4)] == list(target.counter.opened)


def test_warmup_and_repeats_count_and_each_begins_with_the_staged_input(target, opened, invoke):
    number = opened()
    assert invoke(number, warmup=2, repeats=2) == target.counter.opened[3]


def test_reset_takes_the_state_and_the_output_and_leaves_the_input(terminal, target, opened, invoke):
    number = opened()
    assert [invoke(number) for _ in range(2)] == list(target.counter.opened[:2])
    assert terminal.ask(f"reset session={number}")["type"] == "reply"
    assert terminal.ask(f"output session={number} index=0")["code"] == "not_invoked"
    assert [invoke(number) for _ in range(3)] == list(target.counter.reset[:3])


def test_a_session_that_is_opened_again_begins_anew(terminal, target, opened, invoke):
    number = opened()
    invoke(number)
    assert terminal.ask(f"close session={number}")["type"] == "reply"
    again = terminal.open("counter")
    assert again != number
    assert terminal.ask(f"invoke session={again}")["code"] == "missing_input"
    terminal.stage(again, target.counter.data)
    assert invoke(again) == target.counter.opened[0]


def test_sessions_of_one_model_have_each_their_own_state(target, opened, invoke):
    one, other = opened(), opened()
    told = [(invoke(one), invoke(one), invoke(other)) for _ in range(2)]
    first, second, third, fourth = target.counter.opened
    assert told == [(first, second, first), (third, fourth, second)]


def test_four_sessions_and_no_more(terminal, target):
    numbers = [terminal.open() for _ in range(target.sessions)]
    assert len(set(numbers)) == target.sessions
    error = terminal.ask("open model=small arena=1000")
    assert (error["code"], error["message"]) == ("too_many_sessions", f"{target.sessions} sessions are open")
    terminal.ask(f"close session={numbers[1]}")
    assert terminal.open() not in numbers


def test_the_arena_is_shared_by_all_sessions(terminal):
    most = terminal.ask("identify")["arena_max"]
    terminal.ask(f"open model=small arena={most - 20_000}")
    error = terminal.ask("open model=small arena=30000")
    assert error["code"] == "no_arena"
    assert error["message"].startswith("30000 bytes of arena wanted, ")
    assert terminal.ask(f"open model=small arena={ARENA}")["type"] == "reply"


def test_closing_gives_the_arena_back(terminal):
    most = terminal.ask("open model=small")["arena"]
    for _ in range(20):
        terminal.end_sessions()
        assert terminal.ask("open model=small")["arena"] == most


def test_a_session_that_is_closed_is_no_session(terminal):
    number = terminal.open()
    assert terminal.ask(f"close session={number}")["type"] == "reply"
    for verb in ("close", "reset", "invoke", "output index=0"):
        verb, _, rest = verb.partition(" ")
        assert terminal.ask(f"{verb} session={number} {rest}")["code"] == "no_session"


def test_an_input_is_of_no_use_to_another_session(terminal):
    one, other = terminal.open(), terminal.open()
    terminal.stage(one, b"\1")
    assert terminal.ask(f"invoke session={one}")["type"] == "reply"
    assert terminal.ask(f"invoke session={other}")["code"] == "missing_input"
    assert terminal.ask(f"output session={other} index=0")["code"] == "not_invoked"


def test_an_open_that_fails_leaves_nothing_behind(terminal):
    most = terminal.ask("open model=small")["arena"]
    terminal.end_sessions()
    for _ in range(10):
        assert terminal.ask("open model=large arena=16")["type"] == "error"
    assert terminal.ask("open model=small")["arena"] == most
