"""Mistakes of a test's author: each is told at once, in words, and the session goes on."""

import numpy as np
import pytest

from harness import Misuse, SessionClosed, TensorMismatch


@pytest.fixture
def session(open_model):
    """A session that must still work when the test has done its worst."""
    session = open_model("sine_int8")
    yield session
    if session.open:
        assert session.invoke(np.zeros((1, 1), np.int8)).outputs[0].shape == (1, 1)


def test_a_wrong_shape(session):
    with pytest.raises(TensorMismatch, match=r"\[1, 1\] expected, \[3\] came"):
        session.invoke(np.zeros(3, np.int8))


def test_a_wrong_dtype(session):
    with pytest.raises(TensorMismatch, match="int8.*expected, float32.* came"):
        session.invoke(np.zeros((1, 1), np.float32))


def test_too_many_inputs(session):
    with pytest.raises(TensorMismatch, match=r"1 input\(s\) expected .*, 2 came"):
        session.invoke(np.zeros((1, 1), np.int8), np.zeros((1, 1), np.int8))


def test_not_a_number(session):
    with pytest.raises(Misuse, match="NaN"):
        session.invoke(np.full((1, 1), np.nan), real=True)


def test_an_invoke_before_any_input(session):
    with pytest.raises(Misuse, match="input 0 was never given"):
        session.invoke()


def test_an_invoke_after_close(session):
    session.close()
    with pytest.raises(SessionClosed, match="closed"):
        session.invoke(np.zeros((1, 1), np.int8))


def test_an_invoke_before_open(bench):
    """Whoever speaks to the device without a session is refused by the device itself."""
    with pytest.raises(Exception, match="session 4000 is not open"):
        bench.client.invoke(4000, warmup=0, repeats=1, profile=False, seconds=5)


def test_no_repeats(session):
    with pytest.raises(Misuse, match="repeats"):
        session.invoke(np.zeros((1, 1), np.int8), repeats=0)


def test_an_empty_sequence(session):
    with pytest.raises(Misuse, match="at least one step"):
        session.run([])


def test_a_profile_that_the_board_cannot_make(session, bench):
    if "profile" in bench.identity.features:
        pytest.skip("this board has a profiler")
    with pytest.raises(Misuse, match="profiler"):
        session.invoke(np.zeros((1, 1), np.int8), profile=True)


@pytest.mark.parametrize("arena", [0, -1, 1.5, True, "16 KiB"])
def test_an_arena_that_is_no_size(open_model, arena):
    with pytest.raises(Misuse, match="positive number of bytes"):
        open_model("sine_int8", arena=arena)
