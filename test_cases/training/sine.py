"""sine_float and sine_int8: y = sin(x) for x in [0, 2 pi], three FULLY_CONNECTED layers (16, 16, 1)."""

from __future__ import annotations

import numpy as np

from test_cases.training.adam import Adam, Parameters, cosine_decay
from test_cases.training.graph import GraphBuilder
from test_cases.training.grid import snap, snap_range
from test_cases.training.quantize import affine_int8, bias_quantization, quantize, symmetric

HIDDEN = 16
STEPS = 2500
FIRST_RATE = 0.02
SAMPLES = 128
LAYERS = (1, 2, 3)


def dataset() -> dict[str, np.ndarray]:
    """`inputs` [128, 1]: x in radians, evenly spaced over [0, 2 pi]; `targets` [128, 1]: sin(x)."""
    x = snap(np.linspace(0, 2 * np.pi, SAMPLES))[:, None]
    return {"inputs": x.astype(np.float32), "targets": snap(np.sin(x), bits=16).astype(np.float32)}


def train() -> Parameters:
    """Weights w1, w2, w3 [outputs, inputs] and biases b1, b2, b3 [outputs], on the grid."""
    random = np.random.RandomState(18)  # its stream never changes; that of the newer Generator may
    x = np.linspace(0, 2 * np.pi, 256)[:, None]
    y = np.sin(x)
    # Knees of the first layer's ReLUs are spread over the input range; with zero biases most would lie outside it.
    w1 = random.uniform(0.4, 1.2, (HIDDEN, 1)) * np.where(np.arange(HIDDEN) % 2, 1.0, -1.0)[:, None]
    parameters: Parameters = {
        "w1": w1,
        "b1": -w1[:, 0] * random.uniform(0, 2 * np.pi, HIDDEN),
        "w2": random.uniform(-0.5, 0.5, (HIDDEN, HIDDEN)),
        "b2": np.full(HIDDEN, 0.1),
        "w3": random.uniform(-0.5, 0.5, (1, HIDDEN)),
        "b3": np.zeros(1),
    }
    adam = Adam(parameters)
    for step in range(STEPS):
        a1, a2, prediction = activations(parameters, x)
        d3 = 2 * (prediction - y) / len(x)
        d2 = d3 @ parameters["w3"] * (a2 > 0)
        d1 = d2 @ parameters["w2"] * (a1 > 0)
        gradients = {
            "w1": d1.T @ x, "b1": d1.sum(0),
            "w2": d2.T @ a1, "b2": d2.sum(0),
            "w3": d3.T @ a2, "b3": d3.sum(0),
        }  # fmt: skip
        adam.step(gradients, cosine_decay(step, STEPS, FIRST_RATE))
    return {name: snap(value) for name, value in parameters.items()}


def activations(p: Parameters, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The outputs of the three layers for `x` [batch, 1]."""
    a1 = np.maximum(x @ p["w1"].T + p["b1"], 0)
    a2 = np.maximum(a1 @ p["w2"].T + p["b2"], 0)
    return a1, a2, a2 @ p["w3"].T + p["b3"]


def float_model(p: Parameters) -> bytes:
    """The float32 file: x [1, 1] to y [1, 1]."""
    builder = GraphBuilder()
    graph = builder.subgraph("main")
    current = graph.tensor("x", [1, 1], "float32")
    graph.inputs = [current]
    for layer in LAYERS:
        weights = graph.constant(f"w{layer}", p[f"w{layer}"].astype(np.float32))
        bias = graph.constant(f"b{layer}", p[f"b{layer}"].astype(np.float32))
        is_last = layer == LAYERS[-1]
        output = graph.tensor("y" if is_last else f"a{layer}", [1, len(p[f"b{layer}"])], "float32")
        graph.fully_connected(current, weights, bias, output, relu=not is_last)
        current = output
    graph.outputs = [current]
    return builder.to_bytes()


def int8_model(p: Parameters) -> bytes:
    """The int8 file: x [1, 1] to y [1, 1], weights with one scale per tensor."""
    builder = GraphBuilder()
    graph = builder.subgraph("main")
    calibration = np.linspace(0, 2 * np.pi, 256)[:, None]
    input_quantization = affine_int8(0.0, snap_range(calibration)[1])
    current = graph.tensor("x", [1, 1], "int8", input_quantization)
    graph.inputs = [current]
    for layer, outputs in zip(LAYERS, activations(p, calibration), strict=True):
        w, b = p[f"w{layer}"], p[f"b{layer}"]
        weight_quantization = symmetric(float(np.abs(w).max()))
        accumulator = bias_quantization(input_quantization, weight_quantization)
        output_quantization = affine_int8(*snap_range(outputs))
        weights = graph.constant(f"w{layer}", quantize(w, weight_quantization), weight_quantization)
        bias = graph.constant(f"b{layer}", quantize(b, accumulator, "int32"), accumulator)
        is_last = layer == LAYERS[-1]
        output = graph.tensor("y" if is_last else f"a{layer}", [1, len(b)], "int8", output_quantization)
        graph.fully_connected(current, weights, bias, output, relu=not is_last)
        current, input_quantization = output, output_quantization
    graph.outputs = [current]
    return builder.to_bytes()


def build() -> tuple[dict[str, bytes], dict[str, np.ndarray]]:
    """The files by model name, and the data set."""
    parameters = train()
    return {"sine_float": float_model(parameters), "sine_int8": int8_model(parameters)}, dataset()
