"""Sessions on the loopback firmware: their state, and how long an invoke takes."""

import pytest

from harness.errors import DeviceError
from tests.devices.steps import CLOCK_HZ, SECONDS, count_of, echo, invoke, open_model
from tests.support.loopback_model import arena_for, loopback_model

BURNED = 1_000_000
LONG = 9 * CLOCK_HZ  # beyond both watchdogs
MODELS = [
    ("echo", loopback_model(64)),
    ("idle", loopback_model(4)),
    ("burn", loopback_model(4, BURNED)),
    ("ops", loopback_model(4, 3_500_000)),
    ("long", loopback_model(4, LONG)),
    ("tight", loopback_model(1000)),
    ("copy", loopback_model(60_000)),
]
# What is not burnt: copying 4 bytes, counting, and the last look at the clock.
OVERHEAD = 2000


def opened(client, name):
    session = open_model(client, name)
    client.write_input(session, 0, b"data")
    return session


# --- state -----------------------------------------------------------------------------------------------------------


def test_each_session_counts_for_itself_from_open_to_close(client):
    session = opened(client, "idle")
    for expected in (1, 2, 3):
        invoke(client, session)
        assert count_of(client, session) == expected
    client.reset(session)
    invoke(client, session)
    assert count_of(client, session) == 1
    client.close_model(session)
    session = opened(client, "idle")
    invoke(client, session)
    assert count_of(client, session) == 1


def test_warmup_and_repeats_are_invokes(client):
    session = opened(client, "idle")
    assert len(invoke(client, session, warmup=5, repeats=200)) == 200
    assert count_of(client, session) == 205
    assert len(invoke(client, session, repeats=1024)) == 1024
    assert count_of(client, session) == 205 + 1024


def test_four_sessions_interleaved_do_not_disturb_each_other(client):
    sessions = [open_model(client, "echo") for _ in range(4)]
    for step in range(5):
        for position, session in enumerate(sessions):
            data = bytes([16 * step + position]) * 64
            assert echo(client, session, data) == data
            # One in between, so that the counts differ.
            if position % 2:
                invoke(client, session)
    assert [count_of(client, session) for session in sessions] == [5, 10, 5, 10]
    with pytest.raises(DeviceError, match="4 sessions are open"):
        open_model(client, "echo")


def test_outputs_stay_while_other_sessions_work(client):
    one, other = open_model(client, "echo"), open_model(client, "echo")
    echo(client, one, b"1" * 64)
    echo(client, other, b"2" * 64)
    client.close_model(other)
    echo(client, open_model(client, "echo"), b"3" * 64)
    assert client.read_output(one, 0) == b"1" * 64


def test_the_staged_input_is_put_back_before_every_invoke(client):
    """The engine spoils its input tensor as it runs, as TFLM's models do."""
    session = open_model(client, "echo")
    data = bytes(range(64))
    client.write_input(session, 0, data)
    for warmup, repeats in ((0, 1), (0, 7), (3, 2)):
        invoke(client, session, warmup=warmup, repeats=repeats)
        assert client.read_output(session, 0) == data


def test_an_arena_to_the_byte(client):
    assert open_model(client, "tight", arena_for(1000))
    with pytest.raises(DeviceError, match="allocate_failed"):
        open_model(client, "tight", arena_for(1000) - 1)
    assert any("the arena is too small" in line for line in client.log.newest(5))


def test_memory_of_sessions_that_were_closed_is_found_again(client):
    """In any order: holes between sessions are filled."""
    most = client.open("idle", arena=None, preserve_all_tensors=False, resource_variables=0).opened
    client.close_model(most.session)
    quarter = most.arena // 4 - 64
    sessions = [open_model(client, "idle", quarter) for _ in range(4)]
    for number in (1, 3, 0, 2, 1, 2):
        client.close_model(sessions[number])
        sessions[number] = open_model(client, "idle", quarter)
    client.close_model(sessions[1])
    client.close_model(sessions[2])
    sessions[1:3] = [open_model(client, "idle", 2 * quarter)]
    for session in sessions:
        client.close_model(session)
    assert client.open("idle", arena=None, preserve_all_tensors=False, resource_variables=0).opened.arena == most.arena


# --- time ------------------------------------------------------------------------------------------------------------


def test_an_invoke_takes_what_its_model_burns(client):
    nothing = invoke(client, opened(client, "idle"), repeats=5)
    burned = invoke(client, opened(client, "burn"), repeats=5)
    assert all(0 < ticks < OVERHEAD for ticks in nothing)
    assert all(BURNED <= ticks < BURNED + OVERHEAD for ticks in burned)


def test_durations_repeat_to_the_cycle_over_two_cold_runs(module_board):
    """Of work that takes the same each time; what burns cycles looks at the clock, and ends when it has looked."""
    runs = []
    for _ in range(2):
        module_board.power_cycle()
        client = module_board.connect()
        session = open_model(client, "copy", arena_for(60_000))
        client.write_input(session, 0, bytes(60_000))
        runs.append(invoke(client, opened(client, "idle"), repeats=5) + invoke(client, session, repeats=5))
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 2


def test_the_profile_has_every_operator_of_the_last_invoke(client):
    session = opened(client, "ops")
    times = client.invoke(session, warmup=1, repeats=2, profile=True, seconds=SECONDS)
    assert [op.name for op in times.ops] == ["BURN"] * 4
    *full, rest = [op.ticks for op in times.ops]
    assert all(1_000_000 <= ticks < 1_000_000 + OVERHEAD for ticks in full)
    assert 500_000 <= rest < 500_000 + OVERHEAD
    assert sum(op.ticks for op in times.ops) <= times.ticks[-1]
    assert count_of(client, session) == 3


@pytest.mark.timeout(300)
def test_a_long_invoke_lives_and_is_measured_right(client):
    """Nine seconds: operators are signs of life, and the cycle counter has gone round 67 times."""
    session = opened(client, "long")
    times = client.invoke(session, warmup=0, repeats=1, profile=False, seconds=240)
    # A long invoke lets USB's interrupts in, and an alarm a second.
    assert LONG <= times.ticks[0] < LONG * 1.001
    assert count_of(client, session) == 1
    client.ping()
    assert client.identify().crash is None
