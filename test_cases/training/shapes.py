"""shapes_int8: an image classifier with ordinary, depthwise and pointwise convolutions, quantised per channel.

Sizes, as height x width x channels: 16x16x1, 8x8x8 (stride 2), 8x8x8 (depthwise), 8x8x16, 4x4x16 (pooled), 4 classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from test_cases.training.adam import Adam, Parameters, cosine_decay, softmax_cross_entropy
from test_cases.training.graph import GraphBuilder, Quantization, Subgraph, activation
from test_cases.training.grid import snap, snap_range
from test_cases.training.quantize import (
    PROBABILITY_INT8,
    affine_int8,
    bias_quantization,
    per_channel_int8,
    quantize,
    symmetric,
)
from test_cases.training.shape_images import CLASSES, SIZE, TEST_IMAGES, draw

KERNEL = 3
CHANNELS = 8
WIDE_CHANNELS = 16
CONVOLVED = SIZE // 2
POOLED = CONVOLVED // 2

TRAINING_IMAGES = 3000
CALIBRATION_IMAGES = 256
UPDATES = 800
BATCH = 64
FIRST_RATE = 0.01

PIXEL = Quantization.per_tensor(1 / 255, -128)  # a pixel p of 0..255 is the real value p / 255 and is stored as p - 128


@dataclass(frozen=True)
class Layers:
    """The outputs of all layers for a batch, and what the backward pass needs besides."""

    patches: np.ndarray  # [batch, 8, 8, 9]: the pixels under the first kernel
    convolved: np.ndarray  # [batch, 8, 8, 8]
    depthwise: np.ndarray  # [batch, 8, 8, 8]
    pointwise: np.ndarray  # [batch, 8, 8, 16]
    features: np.ndarray  # [batch, 256]: the pooled 4 x 4 x 16
    logits: np.ndarray  # [batch, 4]


def dataset() -> dict[str, np.ndarray]:
    """`inputs` [256, 16, 16, 1] uint8 pixels; `labels` [256] int32: 0 circle, 1 square, 2 triangle, 3 cross."""
    images, labels = draw(np.random.RandomState(41), TEST_IMAGES)
    return {"inputs": images, "labels": labels.astype(np.int32)}


def forward(p: Parameters, x: np.ndarray) -> Layers:
    """All layers for images x [batch, 16, 16, 1] with values 0 to 1."""
    # TensorFlow's SAME padding with stride 2 pads at the bottom and the right only.
    padded = np.pad(x[..., 0], ((0, 0), (0, 1), (0, 1)))
    reach = 2 * CONVOLVED - 1
    patches = np.stack(
        [padded[:, r : r + reach : 2, c : c + reach : 2] for r in range(KERNEL) for c in range(KERNEL)], axis=-1
    )
    convolved = np.maximum(patches @ p["conv_w"].reshape(CHANNELS, -1).T + p["conv_b"], 0)
    around = np.pad(convolved, ((0, 0), (1, 1), (1, 1), (0, 0)))
    depthwise = p["depth_b"] + sum(
        around[:, r : r + CONVOLVED, c : c + CONVOLVED] * p["depth_w"][0, r, c]
        for r in range(KERNEL) for c in range(KERNEL)
    )  # fmt: skip
    depthwise = np.maximum(depthwise, 0)
    pointwise = np.maximum(depthwise @ p["point_w"][:, 0, 0].T + p["point_b"], 0)
    pooled = pointwise.reshape(-1, POOLED, 2, POOLED, 2, WIDE_CHANNELS).mean(axis=(2, 4))
    features = pooled.reshape(len(x), -1)
    return Layers(patches, convolved, depthwise, pointwise, features, features @ p["dense_w"].T + p["dense_b"])


def gradients(p: Parameters, layers: Layers, d_logits: np.ndarray) -> Parameters:
    """The loss's gradient with respect to all parameters, given that with respect to the logits."""
    d_pooled = (d_logits @ p["dense_w"]).reshape(-1, POOLED, POOLED, WIDE_CHANNELS) / 4
    d_pointwise = d_pooled.repeat(2, axis=1).repeat(2, axis=2) * (layers.pointwise > 0)
    d_depthwise = d_pointwise @ p["point_w"][:, 0, 0] * (layers.depthwise > 0)
    around = np.pad(layers.convolved, ((0, 0), (1, 1), (1, 1), (0, 0)))
    d_around = np.zeros_like(around)
    d_depth_w = np.empty_like(p["depth_w"])
    for r in range(KERNEL):
        for c in range(KERNEL):
            window = (slice(None), slice(r, r + CONVOLVED), slice(c, c + CONVOLVED))
            d_depth_w[0, r, c] = (around[window] * d_depthwise).sum(axis=(0, 1, 2))
            d_around[window] += d_depthwise * p["depth_w"][0, r, c]
    d_convolved = d_around[:, 1:-1, 1:-1] * (layers.convolved > 0)
    rows = d_convolved.reshape(-1, CHANNELS)
    wide_rows = d_pointwise.reshape(-1, WIDE_CHANNELS)
    return {
        "conv_w": (rows.T @ layers.patches.reshape(len(rows), -1)).reshape(p["conv_w"].shape),
        "conv_b": rows.sum(0),
        "depth_w": d_depth_w,
        "depth_b": d_depthwise.sum(axis=(0, 1, 2)),
        "point_w": (wide_rows.T @ layers.depthwise.reshape(-1, CHANNELS)).reshape(p["point_w"].shape),
        "point_b": wide_rows.sum(0),
        "dense_w": d_logits.T @ layers.features,
        "dense_b": d_logits.sum(0),
    }


def train() -> Parameters:
    """Weights and biases in the file's layouts, on the grid."""
    random = np.random.RandomState(43)

    def weights(fan_in: int, *shape: int) -> np.ndarray:
        return random.normal(0, np.sqrt(2 / fan_in), shape)

    parameters: Parameters = {
        "conv_w": weights(KERNEL**2, CHANNELS, KERNEL, KERNEL, 1),
        "conv_b": np.full(CHANNELS, 0.1),
        "depth_w": weights(KERNEL**2, 1, KERNEL, KERNEL, CHANNELS),
        "depth_b": np.full(CHANNELS, 0.1),
        "point_w": weights(CHANNELS, WIDE_CHANNELS, 1, 1, CHANNELS),
        "point_b": np.full(WIDE_CHANNELS, 0.1),
        "dense_w": 0.3 * weights(POOLED**2 * WIDE_CHANNELS, len(CLASSES), POOLED**2 * WIDE_CHANNELS),
        "dense_b": np.zeros(len(CLASSES)),
    }
    images, labels = draw(random, TRAINING_IMAGES)
    adam = Adam(parameters)
    for update in range(UPDATES):
        chosen = random.randint(0, len(images), BATCH)
        layers = forward(parameters, images[chosen] / 255)
        change = gradients(parameters, layers, softmax_cross_entropy(layers.logits, labels[chosen]))
        adam.step(change, cosine_decay(update, UPDATES, FIRST_RATE))
    return {name: snap(value) for name, value in parameters.items()}


def int8_model(p: Parameters) -> bytes:
    """image [1, 16, 16, 1] to probabilities [1, 4]; convolutions have one weight scale per output channel."""
    images, _ = draw(np.random.RandomState(47), CALIBRATION_IMAGES)
    layers = forward(p, images / 255)
    builder = GraphBuilder()
    graph = builder.subgraph("main")

    def output(name: str, channels: int, calibration: np.ndarray) -> tuple[int, Quantization]:
        quantization = affine_int8(*snap_range(calibration))
        return graph.tensor(name, [1, CONVOLVED, CONVOLVED, channels], "int8", quantization), quantization

    image = graph.tensor("image", [1, SIZE, SIZE, 1], "int8", PIXEL)
    convolved, convolved_q = output("convolved", CHANNELS, layers.convolved)
    depthwise, depthwise_q = output("depthwise", CHANNELS, layers.depthwise)
    pointwise, pointwise_q = output("pointwise", WIDE_CHANNELS, layers.pointwise)
    graph.op("CONV_2D", [image, *_kernel(graph, p, "conv", PIXEL, 0)], [convolved], _convolution(stride=2))
    graph.op("DEPTHWISE_CONV_2D", [convolved, *_kernel(graph, p, "depth", convolved_q, 3)], [depthwise], _depthwise())
    graph.op("CONV_2D", [depthwise, *_kernel(graph, p, "point", depthwise_q, 0)], [pointwise], _convolution(stride=1))

    pooled = graph.tensor("pooled", [1, POOLED, POOLED, WIDE_CHANNELS], "int8", pointwise_q)
    graph.op("AVERAGE_POOL_2D", [pointwise], [pooled], _pool())
    flat = graph.tensor("features", [1, POOLED**2 * WIDE_CHANNELS], "int8", pointwise_q)
    new_shape = graph.constant("features_shape", np.array([1, POOLED**2 * WIDE_CHANNELS], np.int32))
    reshape = schema.ReshapeOptionsT()
    reshape.newShape = [1, POOLED**2 * WIDE_CHANNELS]
    graph.op("RESHAPE", [pooled, new_shape], [flat], reshape)

    dense_q = symmetric(float(np.abs(p["dense_w"]).max()))
    dense_bias_q = bias_quantization(pointwise_q, dense_q)
    logits = graph.tensor("logits", [1, len(CLASSES)], "int8", affine_int8(*snap_range(layers.logits)))
    graph.fully_connected(
        flat,
        graph.constant("dense_w", quantize(p["dense_w"], dense_q), dense_q),
        graph.constant("dense_b", quantize(p["dense_b"], dense_bias_q, "int32"), dense_bias_q),
        logits,
    )
    probabilities = graph.tensor("probabilities", [1, len(CLASSES)], "int8", PROBABILITY_INT8)
    graph.softmax(logits, probabilities)
    graph.inputs, graph.outputs = [image], [probabilities]
    return builder.to_bytes()


def _kernel(graph: Subgraph, p: Parameters, name: str, inputs: Quantization, channel_axis: int) -> tuple[int, int]:
    """The weights and the bias of a convolution, quantised per output channel."""
    w, b = p[f"{name}_w"], p[f"{name}_b"]
    quantization = per_channel_int8(w, channel_axis)
    accumulator = bias_quantization(inputs, quantization)
    return (
        graph.constant(f"{name}_w", quantize(w, quantization), quantization),
        graph.constant(f"{name}_b", quantize(b, accumulator, "int32"), accumulator),
    )


def _convolution(stride: int) -> schema.Conv2DOptionsT:
    options = schema.Conv2DOptionsT()
    options.padding = schema.Padding.SAME
    options.strideW = options.strideH = stride
    options.fusedActivationFunction = activation(relu=True)
    return options


def _depthwise() -> schema.DepthwiseConv2DOptionsT:
    options = schema.DepthwiseConv2DOptionsT()
    options.padding = schema.Padding.SAME
    options.strideW = options.strideH = 1
    options.depthMultiplier = 1
    options.fusedActivationFunction = activation(relu=True)
    return options


def _pool() -> schema.Pool2DOptionsT:
    options = schema.Pool2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideW = options.strideH = options.filterWidth = options.filterHeight = 2
    return options


def build() -> tuple[dict[str, bytes], dict[str, np.ndarray]]:
    """The files by model name, and the data set."""
    return {"shapes_int8": int8_model(train())}, dataset()
