"""How the emulated chip's time follows the wall clock."""

from harness.boards.emulator.pacing import AHEAD_NANOS, MAX_WAIT_SECONDS, Pacer

MS = 1_000_000
S = 1_000_000_000


def live(pacer, chip, wall, alarm_at, until_wall):
    """A chip that does nothing but wait for an alarm; returns when, by either clock, it has it."""
    while wall < until_wall:
        wall += int(pacer.wait_seconds(chip, wall, alarm_at - chip) * S)
        chip = min(chip + pacer.allowance(chip, wall), alarm_at)
        pacer.ran(chip, wall, asleep=True)
        if chip == alarm_at:
            break
    return chip, wall


def test_a_sleep_takes_as_long_as_it_takes():
    chip, wall = live(Pacer(0, 0), 0, 0, 2 * S, 10 * S)
    assert chip == 2 * S
    assert abs(wall - 2 * S) <= 2 * AHEAD_NANOS


def test_what_comes_soon_is_not_waited_for():
    assert Pacer(0, 0).wait_seconds(0, 0, 50_000) == 0


def test_a_chip_without_an_alarm_is_looked_at_now_and_then():
    assert Pacer(0, 0).wait_seconds(0, 0, None) == MAX_WAIT_SECONDS
    assert Pacer(0, 0).wait_seconds(0, 0, 100 * S) == MAX_WAIT_SECONDS


def test_slow_computing_is_not_made_up_for_by_short_sleeps():
    pacer = Pacer(0, 0)
    pacer.ran(1 * S, 3 * S, asleep=False)
    chip, wall = live(pacer, 1 * S, 3 * S, 2 * S, 10 * S)
    assert chip == 2 * S
    assert abs(wall - 4 * S) <= 2 * AHEAD_NANOS


def test_fast_computing_is_not_made_up_for_by_long_sleeps():
    pacer = Pacer(0, 0)
    pacer.ran(3 * S, 1 * S, asleep=True)
    chip, wall = live(pacer, 3 * S, 1 * S, 4 * S, 10 * S)
    assert chip == 4 * S
    assert abs(wall - 2 * S) <= 2 * AHEAD_NANOS


def test_time_that_was_waited_is_caught_up_with():
    pacer = Pacer(0, 0)
    assert pacer.allowance(0, 50 * MS) == 50 * MS + AHEAD_NANOS


def test_a_chip_that_is_ahead_still_reacts():
    pacer = Pacer(0, 0)
    pacer.ran(AHEAD_NANOS, 0, asleep=True)
    assert 0 < pacer.allowance(AHEAD_NANOS, 0) < AHEAD_NANOS
