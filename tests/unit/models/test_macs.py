"""Multiply-accumulates of operators, counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.models import tflite
from harness.models.macs import count_macs

MODELS = Path(__file__).parents[3] / "test_cases" / "models"
CONV_2D, DEPTHWISE, FULLY_CONNECTED, SVDF, LSTM, TRANSPOSE_CONV, BATCH_MATMUL, ADD = 3, 4, 9, 27, 44, 67, 126, 0


@pytest.fixture
def macs(fb, pack):
    """The MACs of a model of one operator: `macs(number, inputs, output, options)`, with shapes; None for none."""

    def count(number: int, inputs: list[list[int] | None], output: list[int], options: Any = None) -> int | None:
        model, graph, operator, code = fb.ModelT(), fb.SubGraphT(), fb.OperatorT(), fb.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), 1
        graph.tensors, operator.inputs = [], []
        for shape in [*inputs, output]:
            if shape is None:
                operator.inputs.append(-1)
                continue
            tensor = fb.TensorT()
            tensor.name, tensor.shape, tensor.type, tensor.buffer = b"t", shape, fb.TensorType.FLOAT32, 0
            operator.inputs.append(len(graph.tensors))
            graph.tensors.append(tensor)
        operator.outputs = [operator.inputs.pop()]
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(fb.BuiltinOptions, type(options).__name__.removesuffix("T"))
        graph.inputs, graph.outputs, graph.operators = [0], operator.outputs, [operator]
        buffer = fb.BufferT()
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [buffer]
        [found] = count_macs(tflite.parse(pack(model), "m"))
        return found

    return count


def test_a_convolution(macs) -> None:
    # 8 x 8 places, 16 filters, each of 3 x 3 x 4.
    assert macs(CONV_2D, [[1, 16, 16, 4], [16, 3, 3, 4], [16]], [1, 8, 8, 16]) == 8 * 8 * 16 * 36


def test_a_convolution_in_two_groups_sees_half_of_the_channels(macs) -> None:
    assert macs(CONV_2D, [[1, 8, 8, 4], [16, 3, 3, 2], [16]], [1, 8, 8, 16]) == 8 * 8 * 16 * 18


def test_a_depthwise_convolution(macs) -> None:
    assert macs(DEPTHWISE, [[1, 16, 16, 8], [1, 3, 5, 8], [8]], [1, 16, 16, 8]) == 16 * 16 * 8 * 15


def test_a_transposed_convolution(macs) -> None:
    # 4 x 4 x 8 values, each to 3 x 3 places of 16 channels.
    shapes = [[4], [16, 3, 3, 8], [1, 4, 4, 8]]
    assert macs(TRANSPOSE_CONV, shapes, [1, 8, 8, 16]) == 4 * 4 * 8 * 9 * 16


@pytest.mark.parametrize(("batch", "output"), [([1, 64], [1, 10]), ([1, 8, 8], [1, 10])])
def test_a_fully_connected_layer_whatever_its_input_is_shaped_like(macs, batch, output) -> None:
    assert macs(FULLY_CONNECTED, [batch, [10, 64], [10]], output) == 640


def test_a_fully_connected_layer_of_a_batch(macs) -> None:
    assert macs(FULLY_CONNECTED, [[5, 64], [10, 64], None], [5, 10]) == 3200


def test_a_product_of_matrices(macs, fb) -> None:
    assert macs(BATCH_MATMUL, [[2, 3, 4], [2, 4, 5]], [2, 3, 5], fb.BatchMatMulOptionsT()) == 2 * 3 * 5 * 4
    options = fb.BatchMatMulOptionsT()
    options.adjX = True
    assert macs(BATCH_MATMUL, [[2, 4, 3], [2, 4, 5]], [2, 3, 5], options) == 2 * 3 * 5 * 4


def test_an_svdf(macs) -> None:
    # 6 filters: 8 features and 10 frames of memory each; 2 sequences at once.
    assert macs(SVDF, [[2, 8], [6, 8], [6, 10], None, [2, 60]], [2, 6]) == 2 * 6 * 18


def lstm_inputs(*, cifg: bool = False, peephole: bool = False, projection: bool = False) -> list[list[int] | None]:
    """3 steps of 2 sequences of 4 features, 5 cells."""
    weights, recurrent, bias, hole = [5, 4], [5, 5], [5], [5] if peephole else None
    absent = None
    return [
        [3, 2, 4],
        *(absent if cifg else weights, weights, weights, weights),
        *(absent if cifg else recurrent, recurrent, recurrent, recurrent),
        *(hole, hole, hole),
        *(absent if cifg else bias, bias, bias, bias),
        *([5, 5] if projection else None, None),
        *([2, 5], [2, 5]),
        *(None, None, None, None),
    ]


@pytest.mark.parametrize(
    ("options", "each_step"),
    [
        ({}, 4 * 20 + 4 * 25),
        ({"cifg": True}, 3 * 20 + 3 * 25),
        ({"peephole": True}, 4 * 20 + 4 * 25 + 3 * 5),
        ({"projection": True}, 4 * 20 + 4 * 25 + 25),
    ],
)
def test_an_lstm_uses_each_weight_once_per_step(macs, options, each_step) -> None:
    assert macs(LSTM, lstm_inputs(**options), [3, 2, 5]) == 3 * 2 * each_step


@pytest.mark.parametrize(
    ("number", "inputs", "output"),
    [
        (ADD, [[1, 4], [1, 4]], [1, 4]),
        (CONV_2D, [[1, 4], [1, 4]], [1, 4]),
        (CONV_2D, [[1, 4, 4, 1]], [1, 4, 4, 1]),
        (FULLY_CONNECTED, [[1, 4], None], [1, 4]),
        (BATCH_MATMUL, [[4], [4]], [1]),
        (SVDF, [[1, 4], [6, 4]], [1, 6]),
        (LSTM, [[3, 2, 4]], [3, 2, 5]),
        (LSTM, lstm_inputs()[:16], [3, 2, 5]),
    ],
)
def test_what_is_not_known_is_none_and_not_0(macs, number, inputs, output) -> None:
    assert macs(number, inputs, output) is None


def test_the_example_models() -> None:
    def told(name: str) -> dict[str, int | None]:
        model = tflite.load(MODELS / f"{name}.tflite")
        counts = count_macs(model)
        assert len(counts) == len(model.ops)
        return {f"{op.index} {op.name}": macs for op, macs in zip(model.ops, counts, strict=True) if macs is not None}

    # 1 -> 16 -> 16 -> 1 units.
    assert told("sine_int8") == {"0 FULLY_CONNECTED": 16, "1 FULLY_CONNECTED": 256, "2 FULLY_CONNECTED": 16}
    assert told("shapes_int8") == {
        "0 CONV_2D": 4608,
        "1 DEPTHWISE_CONV_2D": 4608,
        "2 CONV_2D": 8192,
        "5 FULLY_CONNECTED": 1024,
    }
