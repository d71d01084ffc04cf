"""Which outputs are the next inputs, by their names, and whether their bytes mean the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.errors import Misuse, TensorMismatch
from harness.models import tflite
from harness.models.carrying import check_meaning, feed_by_name
from harness.models.quantization import Quantization
from harness.models.tflite import TensorSpec

MODELS = Path(__file__).parents[3] / "test_cases" / "models"
MODEL = tflite.load(MODELS / "sine_float.tflite")
FINE, COARSE = Quantization(0.5, 3), Quantization(1.0, 3)


def tensor(name, shape=(1, 4), dtype="int8", quantization=FINE):
    return TensorSpec(name, shape, np.dtype(dtype), quantization)


def model(inputs, outputs):
    made = [tuple(tensor(name) if isinstance(name, str) else name for name in names) for names in (inputs, outputs)]
    return replace(MODEL, inputs=made[0], outputs=made[1])


@pytest.mark.parametrize(
    ("inputs", "outputs", "pairs"),
    [
        (["x", "h", "c"], ["y", "h_next", "c_next"], ((1, 1), (2, 2))),
        (["c", "x", "h"], ["h_out", "y", "c_out"], ((2, 0), (0, 2))),
        (["x", "state_in"], ["state_out", "y"], ((0, 1),)),
        (["serving_default_h:0", "x"], ["StatefulPartitionedCall_h:1"], ((0, 0),)),
        (["h_prev"], ["h_new"], ((0, 0),)),
        (["h"], ["h"], ((0, 0),)),
        (["x"], ["y"], ()),
        ([""], [""], ()),
        # Which of two would it be?
        (["h", "h_in"], ["h_out"], ()),
        (["h"], ["h_next", "h_out"], ()),
        # Of another type or shape it is none, whatever its name.
        (["h"], [tensor("h_next", shape=(1, 5))], ()),
        (["h"], [tensor("h_next", dtype="int16")], ()),
    ],
)
def test_a_state_is_known_by_its_name(inputs, outputs, pairs):
    assert feed_by_name(model(inputs, outputs)) == pairs


def test_the_example_models():
    for kind in ("int8", "float"):
        assert feed_by_name(tflite.load(MODELS / f"lstm_feedback_{kind}.tflite")) == ((1, 1), (2, 2))
    for name in ("sine_int8", "lstm_seq_int8", "lstm_resvar_float", "shapes_int8", "accumulator"):
        assert feed_by_name(tflite.load(MODELS / f"{name}.tflite")) == ()


@pytest.mark.parametrize("quantization", [COARSE, Quantization(0.5, 4), None])
def test_bytes_that_mean_something_else_are_refused(quantization):
    odd = model(["h"], [tensor("h_next", quantization=quantization)])
    for ask in (lambda: feed_by_name(odd), lambda: check_meaning(((0, 0),), odd)):
        with pytest.raises(Misuse, match=r"output 0 \(h_next\) and input 0 \(h\) of the same quantisation expected"):
            ask()


def test_a_feed_that_is_none_is_refused():
    with pytest.raises(TensorMismatch, match="no 1:0"):
        check_meaning(((1, 0),), model(["h"], ["h_next"]))
