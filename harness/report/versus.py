"""Two models side by side, as a table for people and as plain values for programs."""

from __future__ import annotations

import math
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.experiments.versus import Contestant, Versus
from harness.measure.agreement import OutputAgreement
from harness.measure.latency import format_duration
from harness.measure.scores import show_metric
from harness.report.accuracy import accuracy_json


def versus_table(versus: Versus) -> Group:
    """The figures of both, with the difference of the second from the first."""
    one, other = versus.one, versus.other
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    names = (one.model.name, other.model.name)
    same = names[0] == names[1]
    for name, place in zip(names, ("A", "B"), strict=True):
        table.add_column(Text(f"{place}: {name}" if same else name), justify="right", overflow="fold")
    table.add_column("difference", justify="right", no_wrap=True)

    def row(title: str, left: float | None, right: float | None, show: Any) -> None:
        if left is not None or right is not None:
            cells = ["-" if figure is None else show(figure) for figure in (left, right)]
            table.add_row(title, *cells, difference(left, right))

    def size(number: float) -> str:
        return f"{number:,.0f} B"

    row("model file", len(one.model.data), len(other.model.data), size)
    row("in flash", one.flash, other.flash, size)
    row("arena used", one.arena.used, other.arena.used, size)
    row("smallest arena", one.minimum, other.minimum, size)
    row("first invoke", one.cold_us, other.cold_us, format_duration)
    row("median", one.warm.median, other.warm.median, format_duration)
    row("p95", one.warm.p95, other.warm.p95, format_duration)
    if one.accuracy is not None and other.accuracy is not None:
        there = other.accuracy.figures
        for metric, figure in one.accuracy.figures.items():
            if metric not in there:
                continue
            cells = [show_metric(metric, figure), show_metric(metric, there[metric])]
            points = metric.startswith("top")
            told = f"{(there[metric] - figure) * 100:+.1f} points" if points else difference(figure, there[metric])
            table.add_row(metric, *cells, told)
    parts: list[RenderableType] = [table]
    if one.arena.pointer_bits != 32:
        parts.append(Text(f"arena bytes of a {one.arena.pointer_bits}-bit computer; a Pico needs fewer", style="dim"))
    if versus.outputs:
        parts += [Text(_outputs(index, agreement)) for index, agreement in enumerate(versus.outputs)]
    elif one.accuracy is None:
        parts.append(Text(f"outputs were not compared: {versus.why_not}"))
    return Group(*parts)


def versus_json(versus: Versus) -> dict[str, Any]:
    """All of it. Sizes in bytes, durations in microseconds; what is not known is null."""
    return {
        "conditions": versus.conditions,
        "models": [_contestant(one) for one in (versus.one, versus.other)],
        "outputs": [
            {
                "steps": one.steps,
                "largest_difference": _number(one.largest),
                "rms_difference": _number(one.rms),
                "range": one.range,
                "top1_agreement": None if one.same_class is None else one.same_class / one.steps,
            }
            for one in versus.outputs
        ],
        "outputs_not_compared": versus.why_not or None,
    }


def difference(left: float | None, right: float | None) -> str:
    """How much more the right one is, in percent of the left one; "-" where that means nothing."""
    if left is not None and left == right:
        return "equal"
    if left is None or right is None or not left or not math.isfinite(left) or not math.isfinite(right):
        return "-"
    return f"{(right - left) / abs(left) * 100:+.1f} %"


def _outputs(index: int, agreement: OutputAgreement) -> str:
    share = f" ({agreement.largest / agreement.range:.1%} of its range)" if agreement.range else ""
    text = (
        f"output {index} on the same {agreement.steps:,} random inputs, as real values: at most "
        f"{agreement.largest:.4g} apart{share}, RMS {agreement.rms:.4g}"
    )
    if agreement.same_class is not None:
        text += f"; the same class (top-1) in {agreement.same_class:,} of {agreement.steps:,}"
    return text


def _contestant(one: Contestant) -> dict[str, Any]:
    return {
        "name": one.model.name,
        "sha256": one.model.sha256,
        "bytes": len(one.model.data),
        "flash_bytes": one.flash,
        "arena": {"size": one.arena.size, "used": one.arena.used, "minimum": one.minimum},
        "latency_us": {
            "cold": one.cold_us,
            **{name: getattr(one.warm, name) for name in ("count", "min", "median", "p95", "max")},
        },
        "accuracy": None if one.accuracy is None else accuracy_json(one.accuracy),
    }


def _number(figure: float) -> float | None:
    return figure if math.isfinite(figure) else None
