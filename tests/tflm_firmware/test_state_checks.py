"""What is asked about a state, on the emulated Pico: of a firmware that keeps it, and of one that forgets."""

import numpy as np
import pytest

from harness.errors import HarnessError, OutputMismatch, StateLost
from harness.experiments.state import DISTURBANCES
from harness.experiments.state_ways import Carried, Way, compare_ways
from harness.measure.tolerance import EXACT, Tolerance
from harness.models.reference import Reference, ReferenceEngine
from harness.report.state_ways import ways_json
from harness.tflm.availability import why_unavailable

pytestmark = pytest.mark.skipif(why_unavailable() is not None, reason=why_unavailable() or "")

FLOAT = Tolerance(atol=1e-5)
FEED = ((1, 1), (2, 2))
KEPT_BY_TFLM = [
    pytest.param("lstm_resvar_int8", EXACT, id="lstm_resvar_int8"),
    pytest.param("lstm_resvar_float", FLOAT, id="lstm_resvar_float"),
    pytest.param("lstm_seq_int8", EXACT, id="lstm_seq_int8"),
    pytest.param("lstm_seq_float", FLOAT, id="lstm_seq_float"),
    pytest.param("svdf_int8", EXACT, id="svdf_int8"),
    pytest.param("accumulator", EXACT, id="accumulator"),
]
FED_BACK = [
    pytest.param("lstm_feedback_int8", EXACT, id="int8"),
    pytest.param("lstm_feedback_float", FLOAT, id="float"),
]
CHECKS = (
    "equals_reference",
    "differs_from_stateless",
    "persists",
    "is_cleared_by_reset",
    "initial_values_return_after_reopen",
    *(f"survives_{name}" for name in DISTURBANCES),
)
FORMS = ("lstm_resvar_int8", "lstm_seq_int8", "lstm_feedback_int8")


@pytest.fixture(scope="module")
def engine():
    engine = ReferenceEngine()
    yield engine
    engine.close()


def state_of(bench, model, steps=12, **given):
    options = {"preserve_all_tensors": given.pop("preserve", False)}
    session = bench.open(model, **options)
    inputs = np.random.default_rng(8).uniform(-0.9, 0.9, (steps, *session.inputs[0].shape))
    return session.state(inputs, real=True, **given)


@pytest.mark.parametrize(("model", "tolerance"), KEPT_BY_TFLM)
def test_a_state_that_tflm_keeps(firmware, open_bench, engine, model, tolerance):
    """The session has all of the memory: for another model it is opened again in half of it."""
    bench = open_bench(firmware, model)
    state = state_of(bench, model)
    state.equals_reference(tolerance, reference=Reference(engine, bench.library.find(model)))
    state.differs_from_stateless()
    state.persists()
    state.is_cleared_by_reset()
    state.initial_values_return_after_reopen()
    state.survives_all()


@pytest.mark.parametrize(("model", "tolerance"), FED_BACK)
def test_a_state_that_the_application_carries(firmware, open_bench, engine, model, tolerance):
    bench = open_bench(firmware, model)
    reference = Reference(engine, bench.library.find(model))
    state = state_of(bench, model, feed=FEED)
    state.equals_reference(tolerance, reference=reference)
    state.persists()
    state.survives_all()
    bench.close_sessions()
    state_of(bench, model, feed=FEED, copy="direct", preserve=True).equals_reference(tolerance, reference=reference)
    bench.close_sessions()
    with pytest.raises(OutputMismatch, match="from the first step on"):
        state_of(bench, model, feed=FEED, copy="direct").equals_reference(tolerance, reference=reference)


@pytest.mark.parametrize("check", CHECKS)
def test_cmsis_nns_lstm_is_caught_by_every_check(build, open_bench, check):
    bench = open_bench(build("pico-tflm-test-cmsis_nn", "-D", "TFLM_HIL_LSTM=cmsis_nn"), "lstm_seq_int8")
    with pytest.raises(StateLost, match="state lost at step 2") as caught:
        getattr(state_of(bench, "lstm_seq_int8"), check)()
    assert caught.value.step == 1
    assert "LSTM=reference" in caught.value.advice


@pytest.mark.parametrize("name", DISTURBANCES)
def test_a_state_that_is_lost_meanwhile_is_noticed(firmware, open_bench, monkeypatch, name):
    """Each of them with a reset behind it, as of a driver that wakes up wrong."""
    bench = open_bench(firmware, "lstm_seq_int8")
    state = state_of(bench, "lstm_seq_int8")
    verb = {"pause": "pause", "relink": "relink", "logging": "log", "second_core": "work", "another_model": "open"}[
        name
    ]
    plain = getattr(bench, verb)

    def and_reset(*given, **more):
        done = plain(*given, **more)
        state._session.reset()
        return done

    monkeypatch.setattr(bench, verb, and_reset)
    with pytest.raises(StateLost, match="state lost at step 7") as caught:
        state.survives(name)
    assert caught.value.step == 6


def test_five_ways_side_by_side_twice_the_same(firmware, open_bench, engine):
    bench = open_bench(firmware, *FORMS)
    once, again = (
        compare_ways(bench, [bench.library.find(name) for name in FORMS], engine, steps=16) for _ in range(2)
    )
    assert ways_json(once) == ways_json(again)
    assert all(isinstance(row, Carried) for row in once.rows)
    assert once.right
    variables, fused, staged, preserved, naive = once.rows
    assert [row.right for row in once.rows] == [True, True, True, True, False]
    assert naive.way is Way.NAIVE and naive.difference.step == 0
    # What it costs is seen, and makes the difference.
    assert 5 < variables.carrying_us < 50
    assert 2 < naive.carrying_us < staged.carrying_us < 50
    assert fused.latency.median < staged.latency.median < variables.latency.median
    assert fused.arena.minimum < staged.arena.minimum < variables.arena.minimum < preserved.arena.minimum


def test_no_figures_of_trials_are_reported(firmware, open_bench):
    bench = open_bench(firmware, "lstm_seq_int8", "sine_int8")
    told = []
    bench.on_measurement = told.append
    state_of(bench, "lstm_seq_int8").survives_another_model("sine_int8")
    assert {measurement.model for measurement in told} == {"lstm_seq_int8"}


def test_a_session_that_cannot_be_opened_in_half_is_over(firmware, open_bench):
    bench = open_bench(firmware, "lstm_seq_int8")
    session = bench.open("lstm_seq_int8")
    with pytest.raises(HarnessError):
        session.reopen(1600)
    assert not session.open
    with bench.open("lstm_seq_int8") as session:
        assert session.arena.size > 200_000
