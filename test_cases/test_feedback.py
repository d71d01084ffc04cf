"""A model whose state the application carries: h and c go in, and the next ones come out."""

import numpy as np
import pytest

from harness import OutputMismatch, Tolerance

# Outputs 1 and 2 are the next h and c.
FEED = ((1, 1), (2, 2))
MODELS = [
    pytest.param("lstm_feedback_int8", Tolerance(), id="int8"),
    pytest.param("lstm_feedback_float", Tolerance(atol=1e-5), id="float"),
]
INPUTS = np.random.default_rng(5).uniform(-0.9, 0.9, (32, 1, 1))


@pytest.mark.parametrize(("model", "tolerance"), MODELS)
def test_copied_aside_first_the_state_is_right(open_model, reference, model, tolerance):
    state = open_model(model).state(INPUTS, real=True, feed=FEED)
    state.equals_reference(tolerance, reference=reference(model))
    state.persists()


@pytest.mark.parametrize(("model", "tolerance"), MODELS)
def test_where_no_memory_is_used_again_it_is_right_directly(open_model, reference, model, tolerance):
    session = open_model(model, preserve_all_tensors=True)
    session.state(INPUTS, real=True, feed=FEED, copy="direct").equals_reference(tolerance, reference=reference(model))


@pytest.mark.parametrize(("model", "tolerance"), MODELS)
def test_directly_it_goes_wrong_and_is_noticed(open_model, reference, model, tolerance):
    """TFLM's planner has given the next c (float), or y (int8), the memory of h."""
    state = open_model(model).state(INPUTS, real=True, feed=FEED, copy="direct")
    with pytest.raises(OutputMismatch, match="from the first step on") as caught:
        state.equals_reference(tolerance, reference=reference(model))
    assert "preserve_all_tensors" in caught.value.advice


def test_directly_copied_the_float_models_state_is_lost(open_model):
    """Not only what is read too late: c is h from the second step on."""
    session = open_model("lstm_feedback_float")
    zeros = [np.zeros(spec.shape, spec.dtype) for spec in session.inputs[1:]]
    right = session.run(INPUTS, real=True, feed=FEED, initial=zeros)
    naive = session.run(INPUTS, real=True, feed=FEED, copy="direct", initial=zeros)
    forecasts = [[step[0].item() for step in run.outputs] for run in (right, naive)]
    assert forecasts[0][0] == forecasts[1][0]
    assert not np.isclose(*forecasts, rtol=0, atol=1e-3)[1:].any()


def test_directly_copied_the_int8_models_forecast_is_lost(open_model):
    """Its state stays right, and y, which is read after the copy, is a byte of h."""
    session = open_model("lstm_feedback_int8")
    zeros = [np.zeros(spec.shape, spec.dtype) for spec in session.inputs[1:]]
    right = session.run(INPUTS, real=True, feed=FEED, initial=zeros)
    naive = session.run(INPUTS, real=True, feed=FEED, copy="direct", initial=zeros)
    assert all(
        np.array_equal(a, b)
        for one, other in zip(right.outputs, naive.outputs, strict=True)
        for a, b in zip(one[1:], other[1:], strict=True)
    )
    assert [step[0].item() for step in naive.outputs] == [step[1][0, 0].item() for step in right.outputs]


def test_the_state_survives_what_happens_between_two_calls(open_model):
    open_model("lstm_feedback_int8").state(INPUTS, real=True, feed=FEED).survives_all()


def test_it_is_the_lstm_that_keeps_its_state_itself(open_model):
    """The same weights and operators, the state outside or inside of the model."""
    inside = open_model("lstm_resvar_int8", arena=64 * 1024).run(INPUTS, real=True)
    session = open_model("lstm_feedback_int8", arena=64 * 1024)
    zeros = [np.zeros(spec.shape, spec.dtype) for spec in session.inputs[1:]]
    outside = session.run(INPUTS, real=True, feed=FEED, initial=zeros)
    assert [step[0].item() for step in outside.outputs] == [step[0].item() for step in inside.outputs]
