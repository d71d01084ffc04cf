"""Trains an LSTM that forecasts a sinusoid of unknown amplitude, frequency and phase one step ahead.

The cell is the usual one (Hochreiter and Schmidhuber, 1997, with Gers' forget gate):
    i, f, o = sigmoid(...), g = tanh(...) of  W x + U h + b
    c' = f * c + i * g        h' = o * tanh(c')        y = V h' + d
It needs its memory: a single sample says nothing about the frequency, nor whether the wave rises or falls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from test_cases.training.adam import Adam, Parameters, cosine_decay
from test_cases.training.grid import snap

HIDDEN = 12
GATES = ("input", "forget", "cell", "output")  # the order of the blocks in the stacked weights

TRAINING_STREAMS = 64
TRAINING_STEPS_PER_STREAM = 40
WARM_UP = 4  # the first forecasts cannot be right yet; they are left out of loss and evaluation
TRAINING_UPDATES = 500
FIRST_RATE = 0.02
LARGEST_GRADIENT = 1.0

TEST_STREAMS = 8
TEST_STEPS = 96


@dataclass(frozen=True)
class Trace:
    """What a run over streams leaves behind: x [steps, streams, 1]; all others [steps, streams, HIDDEN] or 4 HIDDEN."""

    x: np.ndarray
    gates: np.ndarray
    h: np.ndarray  # one longer than the steps: h[0] is the initial state
    c: np.ndarray  # likewise
    forecast: np.ndarray  # [steps, streams, 1]


def sinusoids(random: np.random.RandomState, streams: int, steps: int) -> np.ndarray:
    """Samples [steps, streams, 1] of amplitude 0.4 to 0.95 and 0.25 to 1 radian per step."""
    amplitude = random.uniform(0.4, 0.95, streams)
    frequency = random.uniform(0.25, 1.0, streams)
    phase = random.uniform(0, 2 * np.pi, streams)
    return (amplitude * np.sin(frequency * np.arange(steps)[:, None] + phase))[:, :, None]


def dataset() -> dict[str, np.ndarray]:
    """`inputs` [8, 96, 1]: samples of 8 streams; `targets` [8, 96, 1]: the sample that follows each."""
    waves = snap(sinusoids(np.random.RandomState(23), TEST_STREAMS, TEST_STEPS + 1), bits=16)
    waves = waves.transpose(1, 0, 2).astype(np.float32)
    return {"inputs": waves[:, :-1], "targets": waves[:, 1:]}


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * x))


def run(p: Parameters, x: np.ndarray) -> Trace:
    """Runs the cell over x [steps, streams, 1] from a zero state."""
    steps, streams, _ = x.shape
    gates = np.empty((steps, streams, 4 * HIDDEN))
    h = np.zeros((steps + 1, streams, HIDDEN))
    c = np.zeros((steps + 1, streams, HIDDEN))
    from_input = x @ p["w"].T + p["b"]
    cell = slice(2 * HIDDEN, 3 * HIDDEN)
    for t in range(steps):
        z = from_input[t] + h[t] @ p["u"].T
        gates[t] = _sigmoid(z)
        gates[t][:, cell] = np.tanh(z[:, cell])
        i, f, g, o = np.split(gates[t], 4, axis=1)
        c[t + 1] = f * c[t] + i * g
        h[t + 1] = o * np.tanh(c[t + 1])
    return Trace(x, gates, h, c, h[1:] @ p["v"].T + p["d"])


def gradients(p: Parameters, trace: Trace, d_forecast: np.ndarray) -> Parameters:
    """Back-propagation through time, given the loss's gradient with respect to the forecast."""
    steps, streams, _ = trace.x.shape
    d_z = np.empty_like(trace.gates)
    d_h = np.zeros((streams, HIDDEN))
    d_c = np.zeros((streams, HIDDEN))
    d_h_from_forecast = d_forecast @ p["v"]
    for t in reversed(range(steps)):
        i, f, g, o = np.split(trace.gates[t], 4, axis=1)
        tanh_c = np.tanh(trace.c[t + 1])
        d_h = d_h + d_h_from_forecast[t]
        d_c = d_c + d_h * o * (1 - tanh_c**2)
        d_z[t] = np.concatenate(
            [
                d_c * g * i * (1 - i),
                d_c * trace.c[t] * f * (1 - f),
                d_c * i * (1 - g**2),
                d_h * tanh_c * o * (1 - o),
            ],
            axis=1,
        )
        d_h = d_z[t] @ p["u"]
        d_c = d_c * f
    rows = d_z.reshape(-1, 4 * HIDDEN)
    d_rows = d_forecast.reshape(-1, 1)
    return {
        "w": rows.T @ trace.x.reshape(-1, 1),
        "u": rows.T @ trace.h[:-1].reshape(-1, HIDDEN),
        "b": rows.sum(0),
        "v": d_rows.T @ trace.h[1:].reshape(-1, HIDDEN),
        "d": d_rows.sum(0),
    }


def train() -> Parameters:
    """w [4 HIDDEN, 1], u [4 HIDDEN, HIDDEN], b [4 HIDDEN], v [1, HIDDEN] and d [1], on the grid."""
    random = np.random.RandomState(17)
    parameters: Parameters = {
        "w": random.uniform(-0.8, 0.8, (4 * HIDDEN, 1)),
        "u": random.uniform(-0.4, 0.4, (4 * HIDDEN, HIDDEN)),
        "b": np.zeros(4 * HIDDEN),
        "v": random.uniform(-0.4, 0.4, (1, HIDDEN)),
        "d": np.zeros(1),
    }
    parameters["b"][HIDDEN : 2 * HIDDEN] = 1.0  # forget gates start half open, so that gradients reach early steps
    adam = Adam(parameters)
    for update in range(TRAINING_UPDATES):
        waves = sinusoids(random, TRAINING_STREAMS, TRAINING_STEPS_PER_STREAM + 1)
        trace = run(parameters, waves[:-1])
        d_forecast = trace.forecast - waves[1:]
        d_forecast[:WARM_UP] = 0
        change = gradients(parameters, trace, d_forecast / d_forecast.size)
        norm = np.sqrt(sum(float((g**2).sum()) for g in change.values()))
        scale = min(1.0, LARGEST_GRADIENT / norm)
        adam.step({k: g * scale for k, g in change.items()}, cosine_decay(update, TRAINING_UPDATES, FIRST_RATE))
    return {name: snap(value) for name, value in parameters.items()}
