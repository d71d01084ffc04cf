"""What the harness measures is what a product would see: TFLM's Invoke() and nothing else."""

import numpy as np
import pytest

MODELS = ("sine_int8", "sine_float", "shapes_int8", "lstm_seq_int8", "svdf_int8")


@pytest.fixture
def bench(firmware, open_bench):
    return open_bench(firmware, *MODELS)


def zeros(session):
    return [np.zeros(spec.shape, spec.dtype) for spec in session.inputs]


def durations(latency):
    """The first one after opening, and the rest."""
    return [latency.cold_us, *latency.samples_us]


@pytest.mark.parametrize("model", MODELS)
def test_a_measured_invoke_is_within_a_thousandth_of_a_bare_one(bench, model):
    reply = bench.client.request("bare", {"model": model, "repeats": "4"})
    bare = [ticks / 125 for record in reply.data for ticks in record["ticks"]]
    session = bench.open(model)
    measured = durations(session.invoke(*zeros(session), repeats=4).latency)
    assert measured == pytest.approx(bare, rel=1e-3)


def test_two_cold_runs_take_the_same_time_to_the_microsecond(bench):
    def cold(model):
        bench.board.power_cycle()
        bench.recover()
        session = bench.open(model)
        return durations(session.invoke(*zeros(session), repeats=8).latency)

    for model in ("sine_int8", "lstm_seq_int8", "shapes_int8"):
        assert cold(model) == pytest.approx(cold(model), abs=1.0)


def test_the_operators_of_a_profile_are_all_there_and_add_up(bench):
    session = bench.open("shapes_int8")
    invocation = session.invoke(*zeros(session), repeats=2, profile=True)
    names = [op.name for op in invocation.profile]
    assert len(names) == 7
    assert {"CONV_2D", "FULLY_CONNECTED", "SOFTMAX"} <= set(names)
    plain, profiled = durations(invocation.latency)
    # Being looked at costs a little, and it is only the profiled invoke that pays it.
    assert 0 < profiled - plain < 0.02 * plain
    assert sum(op.microseconds for op in invocation.profile) == pytest.approx(plain, rel=0.01)
