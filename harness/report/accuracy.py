"""How good a model's predictions were, as tables for people and as plain values for programs."""

from __future__ import annotations

import math
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.measure.metrics import Classification, Regression
from harness.measure.scores import Accuracy, show_metric

# A confusion matrix of more would not fit a terminal; --json has it whole.
_MOST_CLASSES = 8
_MOST_ROWS = 40


def accuracy_tables(accuracy: Accuracy) -> Group:
    """The metrics, of classes each class's recall and precision, and which was taken for which."""
    parts: list[RenderableType] = [_metrics(accuracy), _lines(accuracy)]
    if isinstance(accuracy.counted, Classification):
        parts += ["", _classes(accuracy.counted, accuracy.classes)]
    return Group(*parts)


def accuracy_json(accuracy: Accuracy) -> dict[str, Any]:
    """All of it; a figure that is not defined is null."""
    counted, agreement = accuracy.counted, accuracy.agreement
    told: dict[str, Any] = {
        "samples": accuracy.samples,
        "done": accuracy.done,
        "metric": accuracy.metric,
        "metrics": _figures(counted),
        "reference": None if accuracy.reference is None else _figures(accuracy.reference),
        "agreement": None
        if agreement is None
        else {
            "predictions": agreement.count,
            "different": agreement.different,
            "first_samples": list(agreement.first),
            "largest_difference": _number(agreement.largest),
        },
    }
    if isinstance(counted, Classification):
        told["interval_95"] = {
            f"top{rank}": list(counted.interval(rank)) if counted.count else None for rank in counted.ranks
        }
        told["classes"] = [
            {
                "name": _name(accuracy.classes, label),
                "recall": _number(counted.recall(label)),
                "precision": _number(counted.precision(label)),
                "undecided": int(counted.undecided[label]),
            }
            for label in range(len(counted.confusion))
        ]
        told["confusion"] = counted.confusion.tolist()
    return told


def _metrics(accuracy: Accuracy) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("metric")
    table.add_column("board", no_wrap=True)
    if accuracy.reference is not None:
        table.add_column("host reference", no_wrap=True)
    for metric in accuracy.counted.figures():
        cells = [Text(metric), Text(accuracy.describe(metric))]
        if accuracy.reference is not None:
            cells.append(Text(show_metric(metric, accuracy.reference.figures()[metric])))
        table.add_row(*cells)
    return table


def _lines(accuracy: Accuracy) -> Text:
    lines = [f"{accuracy.done:,} of {accuracy.samples:,} samples"]
    agreement = accuracy.agreement
    if agreement is not None:
        different = f"{agreement.different:,} of {agreement.count:,} predictions differ from the host reference's"
        if agreement.first:
            different += f" (samples {', '.join(map(str, agreement.first))})"
        lines.append(f"{different}; outputs by at most {agreement.largest:.4g}")
    return Text("\n".join(lines))


def _classes(counted: Classification, names: tuple[str, ...]) -> Table:
    classes = len(counted.confusion)
    matrix = classes <= _MOST_CLASSES
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("class", overflow="fold")
    for title in ("samples", "recall", "precision"):
        table.add_column(title, justify="right", no_wrap=True)
    if matrix:
        # By number: names would not fit side by side.
        for label in range(classes):
            table.add_column(f"as {label}", justify="right", no_wrap=True)
    for label in range(min(classes, _MOST_ROWS)):
        row = counted.confusion[label]
        cells = [
            f"{label} {names[label]}" if label < len(names) else str(label),
            f"{int(row.sum() + counted.undecided[label]):,}",
            show_metric("top1", counted.recall(label)),
            show_metric("top1", counted.precision(label)),
        ]
        table.add_row(*map(Text, cells + ([f"{int(number):,}" for number in row] if matrix else [])))
    if classes > _MOST_ROWS:
        table.add_row(f"{classes - _MOST_ROWS:,} more")
    return table


def _name(names: tuple[str, ...], label: int) -> str:
    return names[label] if label < len(names) else str(label)


def _figures(counted: Classification | Regression) -> dict[str, float | None]:
    return {metric: _number(figure) for metric, figure in counted.figures().items()}


def _number(figure: float) -> float | None:
    return figure if math.isfinite(figure) else None
