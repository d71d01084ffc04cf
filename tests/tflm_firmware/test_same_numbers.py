"""Two cold runs of the emulated Pico give the same numbers everywhere."""

from dataclasses import asdict

import numpy as np
import pytest

MODELS = ("sine_int8", "sine_float", "shapes_int8", "lstm_seq_int8", "lstm_resvar_int8", "svdf_int8")
STEPS = 4


def numbers(bench):
    """All that is measured, as the device tells it."""
    told = {"clock": bench.clock()}
    for name in MODELS:
        session = bench.open(name, arena=48 * 1024, categories=True)
        inputs = [np.full(spec.shape, 3, spec.dtype) for spec in session.inputs]
        number = session._opened.number
        told[name] = [asdict(session.arena)]
        for _ in range(STEPS):
            for index, array in enumerate(inputs):
                bench.client.write_input(number, index, array.tobytes())
            times = bench.client.invoke(number, warmup=1, repeats=5, profile=True, seconds=60)
            outputs = [bench.client.read_output(number, index) for index in range(len(session.outputs))]
            told[name] += [times.ticks, times.ops, outputs]
        session.close()
    return told


@pytest.mark.parametrize("way", ["two boards", "switched off and on"])
def test_two_cold_runs_give_identical_numbers_down_to_the_profile(firmware, tmp_path, make_bench, way):
    bench = make_bench(firmware, tmp_path / "one", *MODELS)
    first = numbers(bench)
    if way == "two boards":
        bench.close()
        second = numbers(make_bench(firmware, tmp_path / "other", *MODELS))
    else:
        bench.board.power_cycle()
        bench.recover()
        second = numbers(bench)
    assert first.keys() == second.keys()
    for what, figures in first.items():
        assert figures == second[what], what
    assert all(ops for name in MODELS for ops in first[name][2::3])
