"""Pause, relink, work, clock and quiet on the emulated Pico, beyond what every device must do."""

import pytest

from harness.errors import LinkLost, Misuse
from tests.devices.steps import CLOCK_HZ, SECONDS, count_of, fault, invoke, open_model
from tests.support.loopback_model import loopback_model

MODELS = [("idle", loopback_model(4)), ("copy", loopback_model(60_000))]


def opened(client, name="idle", size=4, arena=4096):
    session = open_model(client, name, arena)
    client.write_input(session, 0, bytes(size))
    return session


def test_a_pause_beyond_both_watchdogs_keeps_memory_and_port(client):
    session = opened(client)
    invoke(client, session, repeats=3)
    assert client.pause(9.0) == pytest.approx(9.0, abs=0.01)
    invoke(client, session)
    assert count_of(client, session) == 4
    assert client.identify().crash is None


def test_many_short_pauses_end(client):
    for _ in range(20):
        assert 0.001 <= client.pause(0.001) < 0.1


def test_a_pause_while_the_second_core_works(client):
    client.work(True)
    before = client.work(True)
    client.pause(0.05)
    assert client.work(False) > before


@pytest.mark.parametrize("seconds", [0, -1, 0.0001, 601])
def test_a_pause_that_is_none_is_refused_before_it_is_sent(client, seconds):
    with pytest.raises(Misuse, match=r"0\.001 to 600"):
        client.pause(seconds)


def test_relinked_again_and_again_it_goes_on(board, client):
    session = opened(client)
    client.work(True)
    for expected in range(1, 4):
        invoke(client, session)
        assert count_of(client, session) == expected
        before = client.work(True)
        client.relink()
        with pytest.raises(LinkLost):
            client.ping()
        client = board.connect()
        assert client.identify().crash is None
        assert client.work(True) > before
    client.work(False)


def test_after_a_crash_beside_work_the_second_core_rests_and_can_be_started_again(board, client):
    client.work(True)
    client, told = fault(board, client, "hardfault")
    assert told.crash.reason == "HardFault"
    assert client.work(False) == 0
    assert client.work(True) >= 0
    client.pause(0.01)
    assert client.work(False) > 0


def test_a_hang_beside_work_is_ended_by_the_watchdog(board, client):
    client.work(True)
    _, told = fault(board, client, "hang")
    assert told.crash.reason == "watchdog"


def test_the_second_core_writes_over_nobody(client):
    """A session that takes all memory that there is comes through as it was."""
    session = client.open("copy", arena=None, preserve_all_tensors=False, resource_variables=0).opened.session
    data = bytes(range(256)) * 234 + bytes(96)
    client.write_input(session, 0, data, seconds=SECONDS)
    client.work(True)
    invoke(client, session, repeats=20)
    client.pause(0.05)
    assert client.work(False) > 50
    assert client.read_output(session, 0, seconds=SECONDS) == data
    assert count_of(client, session) == 20


def test_the_clock_counts_cycles_and_costs_nothing(client):
    told = client.clock()
    assert (told.tick_hz, told.resolution_ticks) == (CLOCK_HZ, 1)
    assert (told.overhead_ticks, told.overhead_max_ticks) == (0, 0)
    assert 0 < told.subtracted_ticks < 20
    assert client.clock() == told


@pytest.mark.parametrize("quiet", [True, False])
def test_without_traffic_interrupts_make_no_difference(client, quiet):
    session = opened(client, "copy", 60_000, 131_072)
    plain = client.invoke(session, warmup=1, repeats=4, profile=False, seconds=SECONDS)
    other = client.invoke(session, warmup=1, repeats=4, profile=False, seconds=SECONDS, quiet=quiet)
    assert other.ticks == plain.ticks
    client.ping()
