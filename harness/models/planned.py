"""Counts the tensors whose memory TFLM plans before a model runs."""

from __future__ import annotations

import tflite as schema

from harness.models.tflite import TfliteModel


def count_planned_tensors(model: TfliteModel) -> int:
    """Tensors that share the arena's head, over all subgraphs: neither constants, whose data lie in the file, nor
    variables, which keep their memory for themselves.

    As `AllocationInfoBuilder::InitializeAllocationInfo` does (tensorflow/lite/micro/micro_allocation_info.cc).
    """
    root = schema.Model.GetRootAs(model.data, 0)
    count = 0
    for number in range(root.SubgraphsLength()):
        subgraph = root.Subgraphs(number)
        for index in range(subgraph.TensorsLength()):
            tensor = subgraph.Tensors(index)
            constant = root.Buffers(tensor.Buffer()).DataLength() > 0
            count += not constant and not tensor.IsVariable()
    return count
