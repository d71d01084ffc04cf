"""What the real firmware computes over a data set, and two models side by side on it."""

import pytest

from harness import AccuracyPlan, load_dataset, measure_accuracy
from harness.experiments.versus import Contest, compare_models
from harness.models.reference import ReferenceEngine
from harness.tflm.availability import why_unavailable
from tests.tflm_firmware.conftest import ROOT

DATA = ROOT / "test_cases" / "data"


@pytest.mark.skipif(why_unavailable() is not None, reason=why_unavailable() or "")
def test_predictions_are_the_references(firmware, open_bench):
    engine = ReferenceEngine()
    try:
        bench = open_bench(firmware, "shapes_int8")
        dataset = load_dataset(DATA / "shapes.npz", divide=255)
        accuracy = measure_accuracy(bench.open("shapes_int8"), dataset, AccuracyPlan(limit=24), reference=engine)
    finally:
        engine.close()
    assert (accuracy.done, accuracy.agreement.different, accuracy.agreement.largest) == (24, 0, 0.0)
    assert accuracy.top1 >= 0.9


def test_float_against_int8(firmware, open_bench):
    """The figures of two runs on the emulator are the same; on it an int8 multiplication is a float one's fraction."""
    bench = open_bench(firmware, "sine_float", "sine_int8")
    pair = [bench.library.find(name) for name in ("sine_float", "sine_int8")]
    first, second = (compare_models(bench, *pair, Contest(repeats=5, steps=20)) for _ in range(2))
    assert first.other.warm.median < first.one.warm.median / 2
    assert first.outputs[0].largest < 0.05
    for one, other in ((first.one, second.one), (first.other, second.other)):
        assert (one.warm, one.cold_us, one.arena) == (other.warm, other.cold_us, other.arena)
    assert vars(first.outputs[0]) == vars(second.outputs[0])
