"""Whether a model with state keeps it, from one invoke to the next and for itself."""

import numpy as np
import pytest

from harness import KiB, Tolerance

EXACT = Tolerance()
FLOAT = Tolerance(atol=1e-5)
STATEFUL = [
    pytest.param("lstm_resvar_int8", EXACT, id="lstm_resvar_int8"),
    pytest.param("lstm_resvar_float", FLOAT, id="lstm_resvar_float"),
    pytest.param("lstm_seq_int8", EXACT, id="lstm_seq_int8"),
    pytest.param("lstm_seq_float", FLOAT, id="lstm_seq_float"),
    pytest.param("svdf_int8", EXACT, id="svdf_int8"),
]
STEPS = 64


def sequence(session, seed=5):
    """64 steps of real values, of the shape of the model's input."""
    return np.random.default_rng(seed).uniform(-0.9, 0.9, (STEPS, *session.inputs[0].shape))


def differing(run, other):
    """The steps whose outputs are not equal."""
    pairs = zip(run.outputs, other.outputs, strict=True)
    return [number for number, (a, b) in enumerate(pairs) if not np.array_equal(a[0], b[0])]


@pytest.mark.parametrize(("model", "tolerance"), STATEFUL)
def test_the_state_is_kept_from_call_to_call(open_model, reference, model, tolerance):
    session = open_model(model)
    state = session.state(sequence(session), real=True)
    state.equals_reference(tolerance, reference=reference(model))
    state.differs_from_stateless()
    state.persists()


@pytest.mark.parametrize(("model", "tolerance"), STATEFUL)
def test_the_state_can_begin_anew(open_model, model, tolerance):
    session = open_model(model)
    state = session.state(sequence(session), real=True)
    state.is_cleared_by_reset()
    state.initial_values_return_after_reopen()


@pytest.mark.parametrize(("model", "tolerance"), STATEFUL)
def test_the_state_survives_what_happens_between_two_calls(open_model, model, tolerance):
    session = open_model(model)
    state = session.state(sequence(session), real=True)
    state.survives_pause(seconds=0.2)
    state.survives_relink()
    state.survives_logging()
    state.survives_another_model("sine_int8")
    state.survives_another_model()
    state.survives_second_core()


@pytest.mark.parametrize(("model", "tolerance"), STATEFUL)
def test_clearing_the_state_in_the_middle_changes_what_follows(open_model, reference, model, tolerance):
    session = open_model(model)
    inputs = sequence(session)
    kept = session.run(inputs, real=True)
    session.reset()
    cleared = session.run(inputs, real=True, reset_before=[32])
    changed = differing(kept, cleared)
    assert changed, "the state was cleared, and nothing changed: the model does not use its state"
    assert min(changed) >= 32
    cleared.assert_equals(reference(model).run(inputs, real=True, reset_before=[32]), tolerance)


def test_the_initial_value_of_call_once_comes_back_only_with_reopen(open_model):
    session = open_model("accumulator")
    one = np.ones((1, 1), np.float32)
    assert [float(session.invoke(one).outputs[0][0, 0]) for _ in range(3)] == [11, 12, 13]
    session.reset()
    assert [float(session.invoke(one).outputs[0][0, 0]) for _ in range(2)] == [1, 2]
    session.reopen()
    assert float(session.invoke(one).outputs[0][0, 0]) == 11


@pytest.mark.parametrize(("model", "tolerance"), STATEFUL)
def test_two_sessions_do_not_leak_state_into_each_other(open_model, model, tolerance):
    alone = open_model(model, arena=64 * KiB)
    first_inputs, second_inputs = sequence(alone, 1), sequence(alone, 2)
    first_alone = alone.run(first_inputs, real=True)
    alone.reset()
    second_alone = alone.run(second_inputs, real=True)
    alone.close()

    first, second = open_model(model, arena=64 * KiB), open_model(model, arena=64 * KiB)
    for number, (a, b) in enumerate(zip(first_inputs, second_inputs, strict=True)):
        came = first.invoke(a, real=True).outputs[0], second.invoke(b, real=True).outputs[0]
        assert np.array_equal(came[0], first_alone.outputs[number][0]), f"step {number} of the first session"
        assert np.array_equal(came[1], second_alone.outputs[number][0]), f"step {number} of the second session"


def test_resource_variables_and_the_fused_operator_compute_the_same(open_model):
    """The same weights, two ways to keep the state."""
    variables = open_model("lstm_resvar_float", arena=64 * KiB)
    fused = open_model("lstm_seq_float", arena=64 * KiB)
    inputs = sequence(variables)
    a = variables.run(inputs, real=True)
    b = fused.run(inputs.reshape(STEPS, 1, 1, 1), real=True)
    assert np.allclose([s[0] for s in a.outputs], [s[0] for s in b.outputs], rtol=0, atol=1e-5)
