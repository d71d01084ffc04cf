"""The Adam optimiser (Kingma and Ba, 2015, algorithm 1) over a dictionary of float64 arrays, and its surroundings.

The optimiser rounds its own state from time to time: see `grid` for the reason.
"""

from __future__ import annotations

import numpy as np

from test_cases.training.grid import TRAINING_BITS, snap, snap_significant, snap_to_peak

Parameters = dict[str, np.ndarray]

BETA_1, BETA_2, EPSILON = 0.9, 0.99, 1e-8
STEPS_BETWEEN_ROUNDINGS = 25


class Adam:
    """Updates `parameters` in place."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._mean = {name: np.zeros_like(value) for name, value in parameters.items()}
        self._square = {name: np.zeros_like(value) for name, value in parameters.items()}
        self._steps = 0

    def step(self, gradients: Parameters, rate: float) -> None:
        """One update with learning rate `rate`; `gradients` has the keys and shapes of the parameters."""
        self._steps += 1
        mean_correction = 1 - BETA_1**self._steps
        square_correction = 1 - BETA_2**self._steps
        for name, gradient in gradients.items():
            mean, square = self._mean[name], self._square[name]
            mean += (1 - BETA_1) * (gradient - mean)
            square += (1 - BETA_2) * (gradient**2 - square)
            self._parameters[name] -= rate * (mean / mean_correction) / (np.sqrt(square / square_correction) + EPSILON)
        if self._steps % STEPS_BETWEEN_ROUNDINGS == 0:
            self._round()

    def _round(self) -> None:
        for name, value in self._parameters.items():
            value[...] = snap(value, TRAINING_BITS)
            mean, square = self._mean[name], self._square[name]
            # Means may be all but cancelled, and then their own last bits are noise; squares never cancel, but a small
            # one must not become 0, since the next step divides by it.
            mean[...] = snap_to_peak(mean, TRAINING_BITS)
            square[...] = snap_significant(square, TRAINING_BITS)


def cosine_decay(step: int, steps: int, first_rate: float) -> float:
    """A learning rate that falls from `first_rate` to zero along half a cosine wave."""
    return float(first_rate * 0.5 * (1 + np.cos(np.pi * step / steps)))


def softmax_cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean cross entropy's gradient with respect to `logits` [batch, classes]; `labels` [batch] are indices."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    gradient = exponentials / exponentials.sum(axis=1, keepdims=True)
    gradient[np.arange(len(labels)), labels] -= 1
    return gradient / len(labels)
