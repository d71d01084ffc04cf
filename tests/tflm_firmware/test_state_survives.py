"""What the world does to a product between two invokes changes nothing that a model remembers."""

import numpy as np
import pytest

from harness.bench import Bench
from harness.boards.host.board import HostBoard, why_unavailable
from harness.errors import Misuse
from harness.models.library import ModelLibrary
from tests.tflm_firmware.conftest import ROOT

MODELS = ("lstm_resvar_int8", "lstm_seq_int8")
STEPS = 8


@pytest.fixture(params=["host", "emulator"])
def bench(request, tmp_path):
    if request.param == "emulator":
        yield request.getfixturevalue("open_bench")(request.getfixturevalue("firmware"), *MODELS, "sine_int8")
        return
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(reason)
    bench = Bench(HostBoard(tmp_path), ModelLibrary([ROOT / "test_cases" / "models"]))
    bench.prepare([bench.library.find(name) for name in (*MODELS, "sine_int8")])
    yield bench
    bench.close()


def open_and_close(bench):
    with bench.open("sine_int8", arena=8192) as other:
        other.invoke(np.zeros(other.inputs[0].shape, other.inputs[0].dtype))


BETWEEN = {
    "pause": lambda bench: bench.pause(0.05),
    "relink": lambda bench: bench.relink(),
    "log": lambda bench: bench.log(20),
    "work": lambda bench: bench.work(True),
    "another model": open_and_close,
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("what", BETWEEN)
def test_the_state_survives(bench, model, what):
    session = bench.open(model, arena=16384)
    spec = session.inputs[0]
    sequence = np.random.default_rng(5).integers(-100, 100, (STEPS, *spec.shape), spec.dtype)
    expected = session.run(sequence)
    session.reopen()
    first = session.run(sequence[: STEPS // 2])
    BETWEEN[what](bench)
    rest = session.run(sequence[STEPS // 2 :])
    bench.work(False)
    assert np.array_equal([step[0] for step in first.outputs + rest.outputs], [step[0] for step in expected.outputs])
    # And it is a state that the steps before have left: without them, other outputs come.
    session.reopen()
    assert not np.array_equal(
        [step[0] for step in session.run(sequence[STEPS // 2 :]).outputs], [step[0] for step in rest.outputs]
    )


def test_measurements_go_on_over_a_relink(bench):
    session = bench.open("lstm_seq_int8", arena=16384)
    data = np.zeros(session.inputs[0].shape, session.inputs[0].dtype)
    measurement = session.measurement
    session.invoke(data, repeats=3)
    bench.relink()
    bench.relink()
    session.invoke(data, repeats=2)
    assert session.measurement is measurement
    assert len(measurement.latency.samples_us) + 1 == 5  # the first one is kept apart


def test_an_ability_that_a_board_lacks_is_named(bench):
    session = bench.open("sine_int8", arena=8192)
    data = np.zeros(session.inputs[0].shape, session.inputs[0].dtype)
    if bench.board.kind == "emulator":
        session.invoke(data, quiet=True)
        return
    with pytest.raises(Misuse, match="`quiet`"):
        session.invoke(data, quiet=True)
    session.invoke(data, quiet=False)
