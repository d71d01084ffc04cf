"""How long an invoke takes."""

import numpy as np
import pytest


def test_latency_is_measured_invoke_by_invoke(open_model):
    session = open_model("shapes_int8")
    image = np.zeros((1, 16, 16, 1), np.int8)
    latency = session.invoke(image, repeats=300, warmup=10).latency
    print(latency)
    assert latency.count == 300
    assert 0 < latency.min <= latency.median <= latency.p95 <= latency.max


def test_a_larger_model_takes_longer(open_model):
    small = open_model("sine_int8", arena=64 * 1024).invoke(np.zeros((1, 1), np.int8), repeats=200, warmup=10)
    large = open_model("shapes_int8", arena=64 * 1024).invoke(np.zeros((1, 16, 16, 1), np.int8), repeats=200, warmup=10)
    assert large.latency.median > 3 * small.latency.median


def test_the_operators_of_an_invoke_take_what_it_takes(open_model, bench):
    if "profile" not in bench.identity.features:
        pytest.skip("this board has no profiler: TFLM's wheel does not offer one")
    session = open_model("shapes_int8")
    invocation = session.invoke(np.zeros((1, 16, 16, 1), np.int8), profile=True)
    assert [op.name for op in invocation.profile] == [op.name for op in session.model.ops]
    assert sum(op.microseconds for op in invocation.profile) == pytest.approx(invocation.latency.median, rel=0.02)


def test_the_cost_of_a_multiplication(open_model, bench):
    if "profile" not in bench.identity.features:
        pytest.skip("this board has no profiler: TFLM's wheel does not offer one")
    session = open_model("shapes_int8")
    profile = session.profile(np.zeros((1, 16, 16, 1), np.int8), repeats=3)
    assert profile.macs == 18_432
    assert profile.cycles_per_mac < 50


def test_limits_can_be_set_for_each_figure(open_model):
    session = open_model("sine_int8")
    latency = session.invoke(np.zeros((1, 1), np.int8), repeats=200, warmup=10).latency
    latency.assert_below(median="2 ms", p95="5 ms", cold="50 ms")


def test_repeats_go_on_with_the_state_from_the_same_input(open_model):
    """Warm-up and repeats are real invokes: an accumulator counts each of them."""
    session = open_model("accumulator")
    one = np.ones((1, 1), np.float32)
    assert session.invoke(one, warmup=2, repeats=5).outputs[0] == 17
    assert session.invoke(one).outputs[0] == 18
