"""Writes the trained LSTM in three forms, each in float32 and in int8; one Invoke is one time step in all of them.

lstm_resvar_*: h and c live in resource variables and the cell is spelt out in elementary operators.
lstm_feedback_*: the same operators; h and c are inputs, and the next ones outputs, which the application feeds back.
lstm_seq_*: one UNIDIRECTIONAL_SEQUENCE_LSTM whose h and c are variable tensors.

The int8 files share one arithmetic, that of TFLM's fused kernel: x, h and the weights are int8, the gates and c int16.
A cell state in int8 would forget: its rounding error, 1/32 at best, comes back with every step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from test_cases.training import lstm_cell
from test_cases.training.adam import Parameters
from test_cases.training.graph import NO_TENSOR, GraphBuilder, Quantization, Subgraph
from test_cases.training.grid import snap_range
from test_cases.training.lstm_cell import GATES, HIDDEN
from test_cases.training.quantize import affine_int8, bias_quantization, quantize, symmetric

# int16 LOGISTIC and TANH read 2**-12 (a range of +-8) and write 2**-15 without any rescaling.
PRE_ACTIVATION = Quantization.per_tensor(2.0**-12)
GATE = Quantization.per_tensor(2.0**-15)
# The fused kernel demands a power of two for c; 2**-12 holds +-8.
CELL = Quantization.per_tensor(2.0**-12)
LARGEST_CELL = 8.0
HIDDEN_STATE = Quantization.per_tensor(2.0**-7)


@dataclass(frozen=True)
class Format:
    """The element types and quantisation of an LSTM's tensors; every quantisation is None in float32."""

    dtype: str  # of x, h and y
    wide_dtype: str  # of the gates and of c
    x: Quantization | None = None
    h: Quantization | None = None
    y: Quantization | None = None
    wide_x: Quantization | None = None
    wide_h: Quantization | None = None
    pre_activation: Quantization | None = None
    gate: Quantization | None = None
    cell: Quantization | None = None

    def weights(self, graph: Subgraph, name: str, values: np.ndarray) -> int:
        """A constant with one symmetric int8 scale, or in float32."""
        if self.x is None:
            return graph.constant(name, values.astype(np.float32))
        quantization = symmetric(float(np.abs(values).max()))
        return graph.constant(name, quantize(values, quantization), quantization)

    def bias(
        self, graph: Subgraph, name: str, values: np.ndarray, inputs: Quantization | None, weights: np.ndarray,
        dtype: str = "int32",
    ) -> int:  # fmt: skip
        """A bias at the scale of input times weights, or in float32."""
        if inputs is None:
            return graph.constant(name, values.astype(np.float32))
        quantization = bias_quantization(inputs, symmetric(float(np.abs(weights).max())))
        return graph.constant(name, quantize(values, quantization, dtype), quantization)

    def zeros(self, graph: Subgraph, name: str, dtype: str, quantization: Quantization | None) -> int:
        """A constant state [1, HIDDEN] of real zeros."""
        zero_point = 0 if quantization is None else quantization.zero_point[0]
        return graph.constant(name, np.full((1, HIDDEN), zero_point, dtype), quantization)


FLOAT = Format(dtype="float32", wide_dtype="float32")


def int8_format(p: Parameters) -> Format:
    """Ranges of x and y come from streams that are neither trained on nor in the data set."""
    waves = lstm_cell.sinusoids(np.random.RandomState(29), streams=32, steps=100)
    trace = lstm_cell.run(p, waves)
    if np.abs(trace.c).max() >= LARGEST_CELL:
        raise ValueError(f"the cell state reaches {np.abs(trace.c).max():.1f}; int16 with scale 2**-12 holds only 8")
    x = affine_int8(*snap_range(waves))
    return Format(
        dtype="int8",
        wide_dtype="int16",
        x=x,
        h=HIDDEN_STATE,
        y=affine_int8(*snap_range(trace.forecast)),
        # Widened to int16 without their zero points; the same scale keeps the values exact.
        wide_x=Quantization.per_tensor(x.scale[0]),
        wide_h=Quantization.per_tensor(HIDDEN_STATE.scale[0]),
        pre_activation=PRE_ACTIVATION,
        gate=GATE,
        cell=CELL,
    )


def resource_variable_model(p: Parameters, form: Format) -> bytes:
    """x [1, 1] to y [1, 1]; the variables are named "h" and "c"."""
    builder = GraphBuilder()
    main = builder.subgraph("main")
    initialise = builder.subgraph("initialise")
    for name, dtype, quantization in (("h", form.dtype, form.h), ("c", form.wide_dtype, form.cell)):
        handle = initialise.variable_handle(name)
        initialise.assign_variable(handle, form.zeros(initialise, f"initial_{name}", dtype, quantization))

    x = main.tensor("x", [1, 1], form.dtype, form.x)
    main.call_once(initialise)
    handle_h, handle_c = main.variable_handle("h"), main.variable_handle("c")
    h = main.tensor("h", [1, HIDDEN], form.dtype, form.h)
    c = main.tensor("c", [1, HIDDEN], form.wide_dtype, form.cell)
    main.read_variable(handle_h, h)
    main.read_variable(handle_c, c)

    x_wide = _widened(main, "x_wide", x, form, form.wide_x, 1)
    h_wide = _widened(main, "h_wide", h, form, form.wide_h, HIDDEN)
    h_next, c_next = _step(main, p, form, x_wide, h_wide, c)
    main.assign_variable(handle_h, h_next)
    main.assign_variable(handle_c, c_next)

    main.inputs, main.outputs = [x], [_head(main, p, form, h_next)]
    return builder.to_bytes()


def feedback_model(p: Parameters, form: Format) -> bytes:
    """x [1, 1], h and c [1, HIDDEN] to y [1, 1] and the next h and c.

    A next state has type and quantisation of the state before it, so that its bytes can be fed back as they are. As in
    any model, TFLM may give an output the memory of an input. The order of operators and the numbers of the outputs,
    which decide where its planner puts tensors of one size, make sure that it does: in float32 the next c has the place
    of h, in int8 y has. Who copies the next h to h and then reads the other one finds h there.
    """
    builder = GraphBuilder()
    graph = builder.subgraph("main")
    x = graph.tensor("x", [1, 1], form.dtype, form.x)
    h = graph.tensor("h", [1, HIDDEN], form.dtype, form.h)
    c = graph.tensor("c", [1, HIDDEN], form.wide_dtype, form.cell)
    h_wide = _widened(graph, "h_wide", h, form, form.wide_h, HIDDEN)
    x_wide = _widened(graph, "x_wide", x, form, form.wide_x, 1)
    h_next, c_next = _step(graph, p, form, x_wide, h_wide, c, "h_next" if form.h is None else "h_next_wide")
    graph.inputs, graph.outputs = [x, h, c], [_head(graph, p, form, h_next), h_next, c_next]
    graph.number_outputs_last()
    return builder.to_bytes()


def fused_model(p: Parameters, form: Format) -> bytes:
    """x [1, 1, 1] (batch, time, feature) to y [1, 1]."""
    builder = GraphBuilder()
    graph = builder.subgraph("main")
    x = graph.tensor("x", [1, 1, 1], form.dtype, form.x)
    w, u, b = (np.split(p[name], len(GATES)) for name in ("w", "u", "b"))
    input_weights = [form.weights(graph, f"w_{gate}", w[n]) for n, gate in enumerate(GATES)]
    recurrent_weights = [form.weights(graph, f"u_{gate}", u[n]) for n, gate in enumerate(GATES)]
    biases = [form.bias(graph, f"b_{gate}", b[n], form.x, w[n]) for n, gate in enumerate(GATES)]
    h = graph.tensor("h", [1, HIDDEN], form.dtype, form.h, variable=True)
    c = graph.tensor("c", [1, HIDDEN], form.wide_dtype, form.cell, variable=True)
    sequence = graph.tensor("sequence", [1, 1, HIDDEN], form.dtype, form.h)

    peepholes, projection, layer_norm = [NO_TENSOR] * 3, [NO_TENSOR] * 2, [NO_TENSOR] * 4
    inputs = [x, *input_weights, *recurrent_weights, *peepholes, *biases, *projection, h, c, *layer_norm]
    options = schema.UnidirectionalSequenceLSTMOptionsT()
    options.fusedActivationFunction = schema.ActivationFunctionType.TANH
    graph.op("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [sequence], options)

    last = graph.tensor("last", [1, HIDDEN], form.dtype, form.h)
    new_shape = graph.constant("last_shape", np.array([1, HIDDEN], np.int32))
    reshape = schema.ReshapeOptionsT()
    reshape.newShape = [1, HIDDEN]
    graph.op("RESHAPE", [sequence, new_shape], [last], reshape)
    graph.inputs, graph.outputs = [x], [_head(graph, p, form, last)]
    return builder.to_bytes()


def _step(
    graph: Subgraph, p: Parameters, form: Format, x_wide: int, h_wide: int, c: int, wide_name: str = "h_next_wide"
) -> tuple[int, int]:
    """The cell in elementary operators: the next h and c, stored as h and c are."""
    gates = _gates(graph, p, form, x_wide, h_wide)
    c_next = _new_cell_state(graph, form, gates, c)
    squashed = graph.tensor("tanh_c", [1, HIDDEN], form.wide_dtype, form.gate)
    graph.op("TANH", [c_next], [squashed])
    h_next = h_next_wide = graph.tensor(wide_name, [1, HIDDEN], form.wide_dtype, form.gate)
    graph.multiply(gates["output"], squashed, h_next_wide)
    if form.x is not None:
        h_next = graph.tensor("h_next", [1, HIDDEN], form.dtype, form.h)
        graph.op("QUANTIZE", [h_next_wide], [h_next], schema.QuantizeOptionsT())
    return h_next, c_next


def _widened(
    graph: Subgraph, name: str, narrow: int, form: Format, quantization: Quantization | None, size: int
) -> int:
    """The int16 copy of an int8 tensor; a float tensor itself."""
    if quantization is None:
        return narrow
    wide = graph.tensor(name, [1, size], form.wide_dtype, quantization)
    graph.op("QUANTIZE", [narrow], [wide], schema.QuantizeOptionsT())
    return wide


def _gates(graph: Subgraph, p: Parameters, form: Format, x: int, h: int) -> dict[str, int]:
    """The four gates, each [1, HIDDEN], from one stacked FULLY_CONNECTED for x and one for h."""

    def tensor(name: str, size: int, quantization: Quantization | None) -> int:
        return graph.tensor(name, [1, size], form.wide_dtype, quantization)

    from_x, from_h, stacked = (tensor(n, 4 * HIDDEN, form.pre_activation) for n in ("from_x", "from_h", "stacked"))
    # A 16-bit FULLY_CONNECTED takes its bias in 64 bits.
    bias = form.bias(graph, "b", p["b"], form.wide_x, p["w"], "int64")
    graph.fully_connected(x, form.weights(graph, "w", p["w"]), bias, from_x)
    graph.fully_connected(h, form.weights(graph, "u", p["u"]), NO_TENSOR, from_h)
    graph.add(from_x, from_h, stacked)

    parts = [tensor(f"{gate}_pre_activation", HIDDEN, form.pre_activation) for gate in GATES]
    split = schema.SplitOptionsT()
    split.numSplits = len(GATES)
    graph.op("SPLIT", [graph.constant("gate_axis", np.array(1, np.int32)), stacked], parts, split)
    gates = {}
    for gate, part in zip(GATES, parts, strict=True):
        gates[gate] = tensor(f"{gate}_gate", HIDDEN, form.gate)
        graph.op("TANH" if gate == "cell" else "LOGISTIC", [part], [gates[gate]])
    return gates


def _new_cell_state(graph: Subgraph, form: Format, gates: dict[str, int], c: int) -> int:
    """forget * c + input * cell."""
    kept, added, c_next = (
        graph.tensor(name, [1, HIDDEN], form.wide_dtype, form.cell) for name in ("kept", "added", "c_next")
    )
    graph.multiply(gates["forget"], c, kept)
    graph.multiply(gates["input"], gates["cell"], added)
    graph.add(kept, added, c_next)
    return c_next


def _head(graph: Subgraph, p: Parameters, form: Format, h: int) -> int:
    """The forecast y [1, 1]."""
    y = graph.tensor("y", [1, 1], form.dtype, form.y)
    bias = form.bias(graph, "d", p["d"], form.h, p["v"])
    graph.fully_connected(h, form.weights(graph, "v", p["v"]), bias, y)
    return y


def build() -> tuple[dict[str, bytes], dict[str, np.ndarray]]:
    """The files by model name, and the data set."""
    parameters = lstm_cell.train()
    int8 = int8_format(parameters)
    files = {
        "lstm_feedback_float": feedback_model(parameters, FLOAT),
        "lstm_feedback_int8": feedback_model(parameters, int8),
        "lstm_resvar_float": resource_variable_model(parameters, FLOAT),
        "lstm_resvar_int8": resource_variable_model(parameters, int8),
        "lstm_seq_float": fused_model(parameters, FLOAT),
        "lstm_seq_int8": fused_model(parameters, int8),
    }
    return files, lstm_cell.dataset()
