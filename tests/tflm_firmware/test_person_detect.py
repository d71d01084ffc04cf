"""TFLM's own example of a large model, from its source tree: time, arena, output, operators."""

import numpy as np
import pytest

from harness.models.reference import Reference, ReferenceEngine
from harness.tflm.availability import why_unavailable

# Published for silicon: 823.658 ms on a Pico (pico-tflmicro, benchmark_results.txt); the emulator has no cache misses.
MOST_US = 802_000


@pytest.fixture
def session(tflm_tree, firmware, open_bench):
    model = tflm_tree / "tensorflow" / "lite" / "micro" / "models" / "person_detect.tflite"
    bench = open_bench(firmware, model)
    return bench.open(model)


@pytest.fixture
def picture(session):
    spec = session.inputs[0]
    return np.random.default_rng(7).integers(-128, 128, spec.shape).astype(spec.dtype)


def test_time_arena_and_operators(session, picture):
    assert 82_000 <= session.arena.used <= 83_000
    invocation = session.invoke(picture, repeats=2, profile=True)
    # Of both, the other one was profiled, which takes a little longer.
    whole = invocation.latency.cold_us
    assert whole <= MOST_US
    assert len(invocation.profile) == 31
    assert sum(op.microseconds for op in invocation.profile) == pytest.approx(whole, rel=1e-3)


@pytest.mark.skipif(why_unavailable() is not None, reason=why_unavailable() or "")
def test_the_output_is_the_references(session, picture):
    engine = ReferenceEngine()
    try:
        session.run(picture[np.newaxis]).assert_equals(Reference(engine, session.model).run(picture[np.newaxis]))
    finally:
        engine.close()
