"""How much memory a model cannot do without, whoever plans it."""

from __future__ import annotations

from math import prod
from typing import Any

import tflite as schema

from harness.models.schema_table import TENSOR_TYPES
from harness.models.tflite import TfliteModel


def least_arena(model: TfliteModel) -> int:
    """Bytes below which no arena can be.

    While an operator runs, all its inputs and outputs are in memory, but for constants, which stay in flash; variable
    tensors are there always. What TFLM keeps besides comes on top: only opening the model tells how much it needs.
    """
    root = schema.Model.GetRootAs(model.data, 0)
    constants = [bool(root.Buffers(index).DataLength()) for index in range(root.BuffersLength())]
    always = 0
    most = 0
    for number in range(root.SubgraphsLength()):
        subgraph = root.Subgraphs(number)
        tensors = [subgraph.Tensors(index) for index in range(subgraph.TensorsLength())]
        sizes = [0 if constants[tensor.Buffer()] or tensor.IsVariable() else _bytes(tensor) for tensor in tensors]
        always += sum(_bytes(tensor) for tensor in tensors if tensor.IsVariable())
        for index in range(subgraph.OperatorsLength()):
            operator = subgraph.Operators(index)
            used = {operator.Inputs(place) for place in range(operator.InputsLength())}
            used |= {operator.Outputs(place) for place in range(operator.OutputsLength())}
            # -1 is an input that is left out.
            most = max(most, sum(sizes[tensor] for tensor in used if tensor >= 0))
    return always + most


def _bytes(tensor: Any) -> int:
    elements: int = prod(int(tensor.Shape(index)) for index in range(tensor.ShapeLength()))
    bits: int = TENSOR_TYPES[tensor.Type()].bits
    return (elements * bits + 7) // 8
