"""svdf_int8: finds short chirps in a stream of spectral frames; one frame is one Invoke, SVDF remembers the last ten.

SVDF (Nakkiran et al., 2015): each filter projects a frame to one number and keeps the last MEMORY of them; a unit is
the sum, over its RANK filters, of those numbers weighted in time.

Frames hold 8 band energies. A rising chirp runs through bands 0 to 7 in 8 frames, a falling one through 7 to 0; single
frames of the two look the same. Steady tones and clicks across all bands must not raise an alarm.
"""

from __future__ import annotations

import numpy as np
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from test_cases.training.adam import Adam, Parameters, cosine_decay, softmax_cross_entropy
from test_cases.training.graph import GraphBuilder, Quantization, activation
from test_cases.training.grid import snap, snap_range
from test_cases.training.quantize import (
    INT8_MIN,
    PROBABILITY_INT8,
    affine_int8,
    bias_quantization,
    quantize,
    symmetric,
)

BANDS = 8
MEMORY = 10  # frames
UNITS = 8
RANK = 2
FILTERS = UNITS * RANK
CLASSES = ("nothing", "rising", "falling")
EVENTS = ("rising", "falling", "tone", "click")
CHIRP_FRAMES = BANDS
NOISE = 0.12

STREAM_FRAMES = 200
TRAINING_STREAMS = 40
CALIBRATION_STREAMS = 8
TEST_STREAMS = 8
UPDATES = 400
BATCH = 256
FIRST_RATE = 0.02

FRAME = Quantization.per_tensor(1 / 255, INT8_MIN)  # energies run from 0 to 1
LARGEST_STATE = 2**15 - 1
# The time weights are int16 as well, but keep below 2**11: kernels sum MEMORY * RANK = 20 products of state and time
# weight in 32 bits, and 2**15 * 2**11 * 20 is the last power of two for which that cannot overflow.
LARGEST_TIME_WEIGHT = 2**11 - 1


def streams(random: np.random.RandomState, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames [count, 200, 8], energies 0 to 1, and labels [count, 200]: the frame that ends a chirp has its class."""
    frames = np.abs(random.normal(0, NOISE, (count, STREAM_FRAMES, BANDS)))
    labels = np.zeros((count, STREAM_FRAMES), dtype=np.int32)
    for stream in range(count):
        start = random.randint(2, 6)
        while start + CHIRP_FRAMES <= STREAM_FRAMES:
            event = EVENTS[random.randint(len(EVENTS))]
            _add_event(frames[stream, start : start + CHIRP_FRAMES], event, random)
            if event in CLASSES:
                labels[stream, start + CHIRP_FRAMES - 1] = CLASSES.index(event)
            start += CHIRP_FRAMES + random.randint(3, 12)
    # Rounded to what an int8 input can hold.
    return np.rint(np.clip(frames, 0, 1) * 255) / 255, labels


def _add_event(frames: np.ndarray, event: str, random: np.random.RandomState) -> None:
    """Adds an event of random loudness to 8 frames, in place."""
    loudness = random.uniform(0.5, 0.9)
    time = np.arange(CHIRP_FRAMES)
    if event == "rising":
        frames[time, time] += loudness
    elif event == "falling":
        frames[time, BANDS - 1 - time] += loudness
    elif event == "tone":
        frames[:, random.randint(BANDS)] += loudness
    else:
        frames[random.randint(CHIRP_FRAMES)] += loudness


def dataset() -> dict[str, np.ndarray]:
    """`inputs` [8, 200, 8]: frames; `labels` [8, 200]: 0 nothing, 1 a rising chirp ends here, 2 a falling one."""
    frames, labels = streams(np.random.RandomState(61), TEST_STREAMS)
    return {"inputs": frames.astype(np.float32), "labels": labels}


def windows(frames: np.ndarray) -> np.ndarray:
    """The last MEMORY frames at each frame of each stream, oldest first, zeros before the start: [n, MEMORY, BANDS]."""
    padded = np.pad(frames, ((0, 0), (MEMORY - 1, 0), (0, 0)))
    count = frames.shape[1]
    return np.stack([padded[:, m : m + count] for m in range(MEMORY)], axis=2).reshape(-1, MEMORY, BANDS)


def forward(p: Parameters, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States [n, MEMORY, FILTERS], unit outputs [n, UNITS] and logits [n, 3] for windows x [n, MEMORY, BANDS]."""
    state = x @ p["feature"].T
    filtered = (state * p["time"].T).sum(axis=1)
    units = np.maximum(filtered.reshape(-1, UNITS, RANK).sum(axis=2) + p["bias"], 0)
    return state, units, units @ p["dense_w"].T + p["dense_b"]


def train() -> Parameters:
    """feature [FILTERS, BANDS], time [FILTERS, MEMORY], bias [UNITS], dense_w [3, UNITS], dense_b [3], on the grid."""
    random = np.random.RandomState(53)
    parameters: Parameters = {
        "feature": random.normal(0, 0.5, (FILTERS, BANDS)),
        "time": random.normal(0, 0.4, (FILTERS, MEMORY)),
        "bias": np.full(UNITS, 0.1),
        "dense_w": random.normal(0, 0.5, (len(CLASSES), UNITS)),
        "dense_b": np.zeros(len(CLASSES)),
    }
    frames, labels = streams(random, TRAINING_STREAMS)
    inputs, labels = windows(frames), labels.ravel()
    # Half of each batch holds chirps, which only one frame in twenty ends.
    chirps = np.flatnonzero(labels)
    adam = Adam(parameters)
    for update in range(UPDATES):
        chosen = np.concatenate(
            [chirps[random.randint(0, len(chirps), BATCH // 2)], random.randint(0, len(labels), BATCH // 2)]
        )
        x = inputs[chosen]
        state, units, logits = forward(parameters, x)
        d_logits = softmax_cross_entropy(logits, labels[chosen])
        d_units = d_logits @ parameters["dense_w"] * (units > 0)
        d_filtered = d_units.repeat(RANK, axis=1)
        d_state = d_filtered[:, None, :] * parameters["time"].T
        change = {
            "feature": d_state.reshape(-1, FILTERS).T @ x.reshape(-1, BANDS),
            "time": (state * d_filtered[:, None, :]).sum(axis=0).T,
            "bias": d_units.sum(0),
            "dense_w": d_logits.T @ units,
            "dense_b": d_logits.sum(0),
        }
        adam.step(change, cosine_decay(update, UPDATES, FIRST_RATE))
    return {name: snap(value) for name, value in parameters.items()}


def int8_model(p: Parameters) -> bytes:
    """frame [1, 8] to probabilities [1, 3]; the state is an int16 variable tensor [1, MEMORY * FILTERS]."""
    frames, _ = streams(np.random.RandomState(59), CALIBRATION_STREAMS)
    state_values, unit_values, logit_values = forward(p, windows(frames))
    builder = GraphBuilder()
    graph = builder.subgraph("main")

    feature_q = symmetric(float(np.abs(p["feature"]).max()))
    time_q = symmetric(float(np.abs(p["time"]).max()), LARGEST_TIME_WEIGHT)
    state_q = symmetric(max(abs(v) for v in snap_range(state_values)), LARGEST_STATE)
    svdf_bias_q = bias_quantization(state_q, time_q)
    # With zero point -128, int8 saturation is the ReLU: TFLM's integer SVDF ignores the activation that is asked for.
    units_q = affine_int8(0.0, snap_range(unit_values)[1])
    dense_q = symmetric(float(np.abs(p["dense_w"]).max()))
    dense_bias_q = bias_quantization(units_q, dense_q)

    frame = graph.tensor("frame", [1, BANDS], "int8", FRAME)
    state = graph.tensor("state", [1, MEMORY * FILTERS], "int16", state_q, variable=True)
    units = graph.tensor("units", [1, UNITS], "int8", units_q)
    logits = graph.tensor("logits", [1, len(CLASSES)], "int8", affine_int8(*snap_range(logit_values)))
    probabilities = graph.tensor("probabilities", [1, len(CLASSES)], "int8", PROBABILITY_INT8)
    options = schema.SVDFOptionsT()
    options.rank = RANK
    options.fusedActivationFunction = activation(relu=True)
    weights = [
        graph.constant("feature", quantize(p["feature"], feature_q), feature_q),
        graph.constant("time", quantize(p["time"], time_q, "int16"), time_q),
        graph.constant("bias", quantize(p["bias"], svdf_bias_q, "int32"), svdf_bias_q),
    ]
    graph.op("SVDF", [frame, *weights, state], [units], options)
    graph.fully_connected(
        units,
        graph.constant("dense_w", quantize(p["dense_w"], dense_q), dense_q),
        graph.constant("dense_b", quantize(p["dense_b"], dense_bias_q, "int32"), dense_bias_q),
        logits,
    )
    graph.softmax(logits, probabilities)
    graph.inputs, graph.outputs = [frame], [probabilities]
    return builder.to_bytes()


def build() -> tuple[dict[str, bytes], dict[str, np.ndarray]]:
    """The files by model name, and the data set."""
    return {"svdf_int8": int8_model(train())}, dataset()
