"""The harness's arithmetic and reading against TFLM itself, where its wheel runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest

from harness.models.quantization import dequantize, quantize
from harness.models.tflite import parse

QUANTIZE, DEQUANTIZE = 114, 6
COUNT = 2048


@pytest.fixture(scope="module")
def runtime() -> Any:
    return pytest.importorskip("tflite_micro.python.tflite_micro.runtime")


def one_operator(fb: Any, operator: int, integer: int, scale: float, zero_point: int) -> bytes:
    """A model of one QUANTIZE or DEQUANTIZE between float32 and an integer type."""

    def tensor(kind: int) -> Any:
        made = fb.TensorT()
        made.shape, made.type, made.buffer, made.name = [COUNT], kind, 0, b"t"
        if kind == integer:
            made.quantization = fb.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [scale], [zero_point]
        return made

    model, code, subgraph, use = fb.ModelT(), fb.OperatorCodeT(), fb.SubGraphT(), fb.OperatorT()
    code.builtinCode = code.deprecatedBuiltinCode = operator
    use.opcodeIndex, use.inputs, use.outputs = 0, [0], [1]
    kinds = (0, integer) if operator == QUANTIZE else (integer, 0)
    subgraph.tensors, subgraph.inputs, subgraph.outputs = [tensor(kind) for kind in kinds], [0], [1]
    subgraph.operators = [use]
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [subgraph], [fb.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def invoke(runtime: Any, data: bytes, values: Any) -> Any:
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=1 << 20)
    interpreter.set_input(values, 0)
    interpreter.invoke()
    return interpreter.get_output(0)


@pytest.mark.parametrize("scale", [0.1, 0.3, 0.5, 1.7, 2.0**-8])
@pytest.mark.parametrize(("kind", "zero_point"), [(9, -128), (9, 17), (7, 0)])
def test_quantize_and_dequantize_are_tflms(fb: Any, runtime: Any, kind: int, zero_point: int, scale: float) -> None:
    chance = np.random.default_rng(1)
    reach = 300 if kind == 9 else 40_000
    # Half of the values lie between two steps, where rounding decides.
    steps = chance.integers(-reach, reach, COUNT) + np.where(chance.random(COUNT) < 0.5, 0.5, chance.random(COUNT))
    real = (steps * scale).astype(np.float32)
    data = one_operator(fb, QUANTIZE, kind, scale, zero_point)
    ours = quantize(real, parse(data, "m").outputs[0])
    np.testing.assert_array_equal(ours, invoke(runtime, data, real))
    data = one_operator(fb, DEQUANTIZE, kind, scale, zero_point)
    np.testing.assert_array_equal(dequantize(ours, parse(data, "m").inputs[0]), invoke(runtime, data, ours))


def test_dense_model_runs(runtime: Any, dense_bytes: bytes) -> None:
    """The model that the verifier's tests start from is one that TFLM runs."""
    output = invoke(runtime, dense_bytes, np.array([[1, 2, 3, 4]], np.int8))
    assert (output.shape, output.dtype) == ((3,), np.int8)


def test_model_of_the_wheel(runtime: Any) -> None:
    """A model as TensorFlow's converter writes it."""
    data = (Path(runtime.__file__).parent / "sine_float.tflite").read_bytes()
    model = parse(data, "sine")
    assert [op.name for op in model.ops] == ["FULLY_CONNECTED"] * 3
    assert [(spec.shape, spec.dtype.name) for spec in model.inputs + model.outputs] == [((1, 1), "float32")] * 2
    assert model.description == "MLIR Converted."
