"""Measures what each model achieves on its data set, in TFLM's interpreter on this computer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from test_cases.training.lstm_cell import WARM_UP
from test_cases.training.tflm import Model

Arrays = Mapping[str, np.ndarray]
Figures = dict[str, float]


def evaluate_sine(model: Model, data: Arrays) -> Figures:
    """`largest_error`: of y, against sin(x)."""
    outputs = np.array([model.invoke(x) for x in data["inputs"]])
    return {"largest_error": float(np.abs(outputs - data["targets"]).max())}


def evaluate_shapes(model: Model, data: Arrays) -> Figures:
    """`accuracy`: the share of images whose most probable class is right."""
    probabilities = np.array([model.invoke(image / 255) for image in data["inputs"]])
    return {"accuracy": float((probabilities.argmax(axis=1) == data["labels"]).mean())}


def evaluate_lstm(model: Model, data: Arrays) -> Figures:
    """`rmse`: the forecast's root mean square error; `rmse_reset_each_step`: with a reset before every step."""

    def rmse(forget: bool) -> float:
        forecast = np.array([model.stream(stream, forget=forget) for stream in data["inputs"]])
        return float(np.sqrt(np.mean((forecast - data["targets"])[:, WARM_UP:] ** 2)))

    return {"rmse": rmse(forget=False), "rmse_reset_each_step": rmse(forget=True)}


def evaluate_svdf(model: Model, data: Arrays) -> Figures:
    """`chirps`: in the data; `found`: named at their last frame; `false_alarms`: on any other frame.

    `found_reset_each_step`: the same with a reset before every step.
    """
    labels = data["labels"]

    def found_and_false(forget: bool) -> tuple[int, int]:
        probabilities = np.array([model.stream(stream, forget=forget) for stream in data["inputs"]])
        classes = probabilities.argmax(axis=2)
        right = classes == labels
        return int((right & (labels > 0)).sum()), int((~right & (classes > 0)).sum())

    found, false_alarms = found_and_false(forget=False)
    return {
        "chirps": int((labels > 0).sum()),
        "found": found,
        "false_alarms": false_alarms,
        "found_reset_each_step": found_and_false(forget=True)[0],
    }


def evaluate_accumulator(model: Model, data: Arrays) -> Figures:
    """`largest_error` of a new interpreter's sums, and `largest_error_after_reset` of those after Reset()."""
    first = np.array([model.invoke(x) for x in data["inputs"]])
    after_reset = model.stream(data["inputs"])
    return {
        "largest_error": float(np.abs(first - data["targets"]).max()),
        "largest_error_after_reset": float(np.abs(after_reset - data["targets_after_reset"]).max()),
    }


# By the data set's name, which is also the beginning of the names of the models that it is for.
EVALUATIONS: dict[str, Callable[[Model, Arrays], Figures]] = {
    "sine": evaluate_sine,
    "shapes": evaluate_shapes,
    "lstm": evaluate_lstm,
    "svdf": evaluate_svdf,
    "accumulator": evaluate_accumulator,
}


def evaluate(models: Mapping[str, bytes], datasets: Mapping[str, Arrays]) -> dict[str, Figures]:
    """The figures of every model by its name."""
    figures = {}
    for name, content in models.items():
        task = name.partition("_")[0]
        figures[name] = EVALUATIONS[task](Model(content), datasets[task])
    return figures
