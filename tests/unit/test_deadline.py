import pytest

from harness.deadline import Deadline


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_it_passes_when_its_time_is_up(clock):
    deadline = Deadline(2.5, clock=clock)
    assert (deadline.remaining(), deadline.expired()) == (2.5, False)
    clock.now += 2.4375
    assert (deadline.remaining(), deadline.expired()) == (0.0625, False)
    clock.now += 0.0625
    assert (deadline.remaining(), deadline.expired()) == (0.0, True)
    clock.now += 100
    assert (deadline.remaining(), deadline.expired()) == (0.0, True)
    assert deadline.seconds == 2.5


@pytest.mark.parametrize("seconds", [0, 0.0, -1, -1e9])
def test_no_time_at_all_has_passed_at_once(clock, seconds):
    deadline = Deadline(seconds, clock=clock)
    assert deadline.expired()
    assert deadline.remaining() == deadline.seconds == 0.0


def test_endless(clock):
    deadline = Deadline(float("inf"), clock=clock)
    clock.now += 1e12
    assert not deadline.expired()
    assert deadline.remaining() == float("inf")


def test_it_says_what_is_left(clock):
    deadline = Deadline(2, clock=clock)
    clock.now += 0.5
    assert repr(deadline) == "Deadline(1.500 s of 2.000 s left)"


def test_the_default_clock_never_goes_back():
    deadline = Deadline(60)
    assert 59 < deadline.remaining() <= 60
    assert not deadline.expired()
