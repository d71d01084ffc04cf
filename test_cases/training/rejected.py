"""Models that TFLM must refuse: well-formed files with an operator that no TFLM build registers."""

from __future__ import annotations

from test_cases.training.graph import GraphBuilder, Subgraph

CUSTOM_OP = "NoSuchOp"


def _two_inputs(builder: GraphBuilder) -> Subgraph:
    graph = builder.subgraph("main")
    graph.inputs = [graph.tensor("a", [1, 4], "float32"), graph.tensor("b", [1, 4], "float32")]
    graph.outputs = [graph.tensor("y", [1, 4], "float32")]
    return graph


def unsupported_op() -> bytes:
    """y = ATAN2(a, b): part of the schema and of TensorFlow Lite, not of TFLM."""
    builder = GraphBuilder()
    graph = _two_inputs(builder)
    graph.op("ATAN2", graph.inputs, graph.outputs)
    return builder.to_bytes()


def custom_op() -> bytes:
    """y = NoSuchOp(a, b)."""
    builder = GraphBuilder()
    graph = _two_inputs(builder)
    graph.custom_op(CUSTOM_OP, graph.inputs, graph.outputs)
    return builder.to_bytes()


def build() -> dict[str, bytes]:
    """The files by model name."""
    return {"unsupported_op": unsupported_op(), "custom_op": custom_op()}
