"""Outputs fed back as inputs, through a session: the same on this computer and on the emulated Pico."""

import numpy as np
import pytest

from harness.bench import Bench
from harness.boards.host.board import HostBoard, why_unavailable
from harness.errors import Misuse, TensorMismatch
from harness.models.library import ModelLibrary
from tests.tflm_firmware.conftest import ROOT

STEPS = 6
FEED = ((0, 0),)


@pytest.fixture(params=["host", "emulator"])
def bench(request, tmp_path):
    if request.param == "emulator":
        yield request.getfixturevalue("open_bench")(request.getfixturevalue("firmware"), "sine_int8", "sine_float")
        return
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(reason)
    bench = Bench(HostBoard(tmp_path), ModelLibrary([ROOT / "test_cases" / "models"]))
    yield bench
    bench.close()


def by_hand(session, value):
    """Each output given to the next invoke by the host."""
    outputs = []
    for _ in range(STEPS):
        value = session.invoke(value).outputs[0]
        outputs.append(value)
    return np.array(outputs)


@pytest.mark.parametrize("model", ["sine_int8", "sine_float"])
def test_a_device_that_feeds_outputs_back_computes_what_the_host_would(bench, model):
    session = bench.open(model)
    spec = session.inputs[0]
    start = np.full(spec.shape, 1, spec.dtype)
    expected = by_hand(session, start)
    assert len({bytes(value) for value in expected}) > 2

    run = session.run([()] * STEPS, feed=FEED, initial=[start])
    assert np.array_equal([step[0] for step in run.outputs], expected)
    assert len(run.feed_us) == STEPS and all(microseconds > 0 for microseconds in run.feed_us)
    # All in one command, and then one more from where it left.
    assert np.array_equal(session.invoke(start, feed=FEED, repeats=STEPS - 2, warmup=1).outputs[0], expected[-2])
    assert np.array_equal(session.invoke(feed=FEED).outputs[0], expected[-1])


def test_what_is_no_feed_is_said_before_the_device_is_asked(bench):
    session = bench.open("sine_float")
    start = np.zeros(session.inputs[0].shape, np.float32)
    with pytest.raises(Misuse, match="staged, direct"):
        session.invoke(start, feed=FEED, copy="sideways")
    with pytest.raises(Misuse, match="each input once"):
        session.invoke(start, feed=((0, 0), (0, 0)))
    with pytest.raises(Misuse, match="pairs"):
        session.invoke(start, feed=(0, 0))
    with pytest.raises(TensorMismatch, match="1 outputs and 1 inputs, and no 1:0"):
        session.invoke(start, feed=((1, 0),))
    with pytest.raises(Misuse, match="never given"):
        session.invoke(feed=FEED)
