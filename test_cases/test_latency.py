"""How long an invoke takes."""

import numpy as np


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


def test_repeats_go_on_with_the_state_from_the_same_input(open_model):
    """Warm-up and repeats are real invokes: an accumulator counts each of them."""
    session = open_model("accumulator")
    one = np.ones((1, 1), np.float32)
    assert session.invoke(one, warmup=2, repeats=5).outputs[0] == 17
    assert session.invoke(one).outputs[0] == 18
