"""Case files in a folder of the test's own, and models without a file."""

from __future__ import annotations

import textwrap

import numpy as np
import pytest

from harness.cases.load import load_cases
from harness.errors import CaseError
from harness.models.quantization import Quantization
from harness.models.tflite import TensorSpec, TfliteModel


@pytest.fixture
def load(tmp_path):
    """Loads a case file of the given text."""

    def from_text(text):
        path = tmp_path / "model.yaml"
        path.write_text(textwrap.dedent(text), "utf-8")
        return load_cases(path)

    return from_text


@pytest.fixture
def refused(load, tmp_path):
    """The error that a case file of the given text makes."""

    def from_text(text):
        with pytest.raises(CaseError) as caught:
            load(text)
        error = caught.value
        assert error.path == str(tmp_path / "model.yaml")
        where = error.path if error.line is None else f"{error.path}:{error.line}"
        assert str(error).startswith(f"{where}: ")
        return error

    return from_text


@pytest.fixture
def case_with(load):
    """A case whose inputs are the given text."""

    def make(inputs, expect="reference: exact"):
        text = f"tflm-hil: 1\nmodel: m\ncases:\n  - name: a\n    inputs: {{{inputs}}}\n    expect: {{{expect}}}\n"
        return load(text)[0]

    return make


def make_model(*inputs: TensorSpec, outputs: tuple[TensorSpec, ...] = (), sha256: str = "0" * 64) -> TfliteModel:
    """A model of which only the tensors matter."""
    return TfliteModel("m", b"", sha256, 0, inputs, outputs, (), 0, 0, 0, "")


# One step is half a unit.
INT8 = TensorSpec("x", (1, 2), np.dtype(np.int8), Quantization(0.5, -1))
FLOAT = TensorSpec("x", (1, 2), np.dtype(np.float32))


@pytest.fixture
def int8_model():
    """A model of one input of int8[1, 2], scale 0.5, zero point -1."""
    return make_model(INT8, outputs=(INT8,))


@pytest.fixture
def float_model():
    """A model of one input of float32[1, 2]."""
    return make_model(FLOAT, outputs=(FLOAT,))


@pytest.fixture
def two_input_model():
    """A model of one input of int8[1, 2] and one of float32[1, 2]."""
    return make_model(INT8, FLOAT)
