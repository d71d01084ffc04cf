"""Multiply-accumulates (MACs) of a model's operators, from the shapes of their tensors.

A MAC is one multiplication whose product is added to a sum. Counted are those of the products with weights, or of the
two factors of a matrix product, as literature does; not what comes around them: biases, activations, requantisation.
Those with the zeros of a padding count, though kernels may leave them out. Operators without a formula here have no
number: None, which is not 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from harness.models.flatbuffer import Flatbuffer, Table
from harness.models.schema_table import TFLITE
from harness.models.tflite import TfliteModel
from harness.models.verify import operator_number

Shape = tuple[int, ...]

# Values of `enum BuiltinOperator` in TensorFlow Lite's schema.fbs.
_CONV_2D, _DEPTHWISE_CONV_2D, _FULLY_CONNECTED, _SVDF = 3, 4, 9, 27
_UNIDIRECTIONAL_SEQUENCE_LSTM, _TRANSPOSE_CONV, _BATCH_MATMUL = 44, 67, 126


@dataclass(frozen=True)
class _Op:
    """An operator's tensors: shapes, None where an optional one is absent."""

    inputs: tuple[Shape | None, ...]
    outputs: tuple[Shape | None, ...]
    table: Table

    def input(self, index: int, rank: int) -> Shape | None:
        """An input's shape, if it is there and has so many dimensions."""
        return _of_rank(self.inputs, index, rank)

    def output(self, rank: int) -> Shape | None:
        """The first output's shape, if it has so many dimensions."""
        return _of_rank(self.outputs, 0, rank)


def _of_rank(shapes: tuple[Shape | None, ...], index: int, rank: int) -> Shape | None:
    shape = shapes[index] if index < len(shapes) else None
    return shape if shape is not None and len(shape) == rank else None


def count_macs(model: TfliteModel) -> tuple[int | None, ...]:
    """The MACs of one execution of each operator, in the order of `model.ops`; None where they are not known.

    Args:
        model: one that has been verified.
    """
    root = Flatbuffer(model.data, TFLITE).root
    numbers = [operator_number(code) for code in root.tables("operator_codes")]
    found: list[int | None] = []
    for subgraph in root.tables("subgraphs"):
        shapes = [tensor.integers("shape") for tensor in subgraph.tables("tensors")]
        for operator in subgraph.tables("operators"):
            formula = _FORMULAS.get(numbers[operator.number("opcode_index")])
            found.append(formula(_described(operator, shapes)) if formula else None)
    return tuple(found)


def _described(operator: Table, shapes: list[Shape]) -> _Op:
    def of(name: str) -> tuple[Shape | None, ...]:
        return tuple(shapes[number] if number >= 0 else None for number in operator.integers(name))

    return _Op(of("inputs"), of("outputs"), operator)


def _conv_2d(op: _Op) -> int | None:
    """Each output element is a product with a filter of height x width x input channels.

    Filter [output channels, height, width, input channels (of one group)]. Source: Howard et al., "MobileNets" (2017),
    equation 2; tensorflow/lite/kernels/internal/reference/conv.h for the layout.
    """
    weights, output = op.input(1, 4), op.output(4)
    return None if weights is None or output is None else math.prod(output) * math.prod(weights[1:])


def _depthwise_conv_2d(op: _Op) -> int | None:
    """Each output element is a product with a filter of height x width.

    Filter [1, height, width, output channels]. Source: "MobileNets", equation 4; depthwiseconv_float.h there.
    """
    weights, output = op.input(1, 4), op.output(4)
    return None if weights is None or output is None else math.prod(output) * weights[1] * weights[2]


def _transpose_conv(op: _Op) -> int | None:
    """Each input element is multiplied with a filter of height x width x output channels, what falls outside included.

    Inputs: output's shape, filter [output channels, height, width, input channels], input. Source: Dumoulin and Visin,
    "A guide to convolution arithmetic for deep learning" (2016), chapter 4; transpose_conv.h there.
    """
    weights, values = op.input(1, 4), op.input(2, 4)
    return None if weights is None or values is None else math.prod(values) * math.prod(weights[:3])


def _fully_connected(op: _Op) -> int | None:
    """Each output element is a product with a row of the weights [units, depth].

    Source: tensorflow/lite/kernels/internal/reference/fully_connected.h.
    """
    weights, output = op.input(1, 2), op.outputs[0] if op.outputs else None
    return None if weights is None or output is None else math.prod(output) * weights[1]


def _batch_matmul(op: _Op) -> int | None:
    """Each output element is a product of a row with a column; both are as long as the first factor's inner dimension.

    That is its last one, or the one before with `adj_x`. Source: tensorflow/lite/kernels/internal/reference/
    batch_matmul.h.
    """
    first = op.inputs[0] if op.inputs else None
    output = op.outputs[0] if op.outputs else None
    if first is None or output is None or len(first) < 2:
        return None
    options = op.table.union("builtin_options", "BatchMatMulOptions")
    adjoint = options is not None and options.number("adj_x") != 0
    return math.prod(output) * first[-2 if adjoint else -1]


def _svdf(op: _Op) -> int | None:
    """Each filter is a product with the features of a frame, and one with its own memory of earlier frames.

    Input [batch, features], feature filters [filters, features], time filters [filters, memory]. Source: Nakkiran et
    al., "Compressing Deep Neural Networks using a Rank-Constrained Topology" (2015), section 3; svdf.h there.
    """
    frame, features, time = op.input(0, 2), op.input(1, 2), op.input(2, 2)
    if frame is None or features is None or time is None:
        return None
    return frame[0] * (math.prod(features) + math.prod(time))


def _unidirectional_sequence_lstm(op: _Op) -> int | None:
    """Each weight is used once per step and sequence; the gates' products with each other are not counted.

    Input [steps, sequences, features] or with the first two swapped. Weights: inputs 1 to 4 those of the features, 5 to
    8 recurrent ones, 9 to 11 peepholes, 16 the projection; absent ones do not count. Source: Sak, Senior and Beaufays,
    "Long Short-Term Memory Recurrent Neural Network Architectures for Large Scale Acoustic Modeling" (2014), section 2,
    for the number of weights; tensorflow/lite/kernels/unidirectional_sequence_lstm.cc for the inputs.
    """
    values = op.input(0, 3)
    # Without these there is no LSTM: the input and recurrent weights of forget gate, cell and output gate.
    if values is None or any(op.input(index, 2) is None for index in (2, 3, 4)) or len(op.inputs) < 17:
        return None
    if any(op.inputs[index] is None for index in (6, 7, 8)):
        return None
    weights = (op.inputs[index] for index in (*range(1, 12), 16))
    each_step: int = sum(math.prod(shape) for shape in weights if shape is not None)
    return values[0] * values[1] * each_step


_FORMULAS: dict[int, Callable[[_Op], int | None]] = {
    _CONV_2D: _conv_2d,
    _DEPTHWISE_CONV_2D: _depthwise_conv_2d,
    _FULLY_CONNECTED: _fully_connected,
    _SVDF: _svdf,
    _UNIDIRECTIONAL_SEQUENCE_LSTM: _unidirectional_sequence_lstm,
    _TRANSPOSE_CONV: _transpose_conv,
    _BATCH_MATMUL: _batch_matmul,
}
