"""Why the firmware links TFLM's reference LSTM: CMSIS-NN's forgets its state between two invokes."""

import numpy as np
import pytest

from harness.errors import OutputMismatch
from harness.models.reference import Reference, ReferenceEngine
from harness.tflm.availability import why_unavailable

pytestmark = pytest.mark.skipif(why_unavailable() is not None, reason=why_unavailable() or "")

MODEL = "lstm_seq_int8"


@pytest.fixture
def outcome(open_bench):
    """Runs 64 steps on a firmware; gives the run and what the reference computed."""
    engine = ReferenceEngine()

    def run(firmware):
        bench = open_bench(firmware, MODEL)
        session = bench.open(MODEL)
        spec = session.inputs[0]
        sequence = np.random.default_rng(64).integers(-128, 128, (64, *spec.shape)).astype(spec.dtype)
        return session.run(sequence), Reference(engine, session.model).run(sequence)

    yield run
    engine.close()


def test_the_reference_lstm_is_bit_identical_over_64_steps(firmware, outcome):
    run, expected = outcome(firmware)
    run.assert_equals(expected)


def test_cmsis_nns_lstm_fails_at_the_second_call(build, outcome):
    run, expected = outcome(build("pico-tflm-test-cmsis_nn", "-D", "TFLM_HIL_LSTM=cmsis_nn"))
    assert (run.outputs[0][0] == expected[0][0]).all()
    assert (run.outputs[1][0] != expected[1][0]).any()
    with pytest.raises(OutputMismatch, match="state lost at step 2"):
        run.assert_equals(expected)
