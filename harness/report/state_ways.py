"""Ways to carry a state, as a table for people and as plain values for programs."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.experiments.state_ways import Carried, NotCarried, StateWays, Way
from harness.measure.latency import format_duration
from harness.report.latency import latency_json

# For a column.
_TITLES = {
    Way.RESOURCE_VARIABLES: "resource variables",
    Way.VARIABLE_TENSORS: "variable tensors",
    Way.STAGED: "fed back, staged",
    Way.PRESERVED: "fed back, preserved",
    Way.NAIVE: "fed back, naive",
}
_INSIDE = {Way.VARIABLE_TENSORS: "in operator", Way.RESOURCE_VARIABLES: "in invoke"}


def ways_table(found: StateWays) -> Group:
    """A row per way."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("state carried by", no_wrap=True)
    for name in ("arena used\n/ min", "aside", "median\n/ p95", "carrying\n/ step"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outputs", overflow="fold")
    for row in found.rows:
        title = Text(_TITLES[row.way]).append(f"\n{row.model.name}", style="dim")
        if isinstance(row, NotCarried):
            table.add_row(title, *["-"] * 4, Text(row.why, style="bold red"))
        else:
            table.add_row(title, *map(Text, _cells(row)), _outputs(row))
    parts: list[RenderableType] = [table]
    if found.pointer_bits != 32:
        parts.append(Text(f"arena bytes of a {found.pointer_bits}-bit computer; a Pico needs fewer", style="dim"))
    if any(isinstance(row, Carried) and row.way is Way.NAIVE and not row.right for row in found.rows):
        parts.append(
            Text("naive: copied directly, where TFLM has given an output the memory of an input; see docs/state.md")
        )
    return Group(*parts)


def ways_json(found: StateWays) -> dict[str, Any]:
    """All of it. Sizes in bytes, durations in microseconds, steps from 0; what is not known is null."""
    return {
        "conditions": found.conditions,
        "steps": found.steps,
        "seed": found.seed,
        "right": found.right,
        "ways": [_row_json(row) for row in found.rows],
    }


def _cells(row: Carried) -> list[str]:
    arena, latency = row.arena, row.latency
    used = "-" if arena.used is None else f"{arena.used:,}"
    carrying = _INSIDE.get(row.way, "-") if row.carrying_us is None else format_duration(row.carrying_us)
    return [
        f"{used}\n/ {arena.minimum or 0:,} B",
        f"{row.aside:,} B" if row.aside else "-",
        f"{format_duration(latency.median)}\n/ {format_duration(latency.p95)}",
        f"{carrying}\n/ {format_duration(row.step_us)}",
    ]


def _outputs(row: Carried) -> Text:
    difference = row.difference
    if difference is None:
        return Text(f"= reference {row.steps}/{row.steps}", style="green")
    right = row.steps - difference.differing_steps
    return Text(f"WRONG since step {difference.step + 1}\n{right}/{row.steps} right", style="bold red")


def _row_json(row: Carried | NotCarried) -> dict[str, Any]:
    told: dict[str, Any] = {
        "way": row.way.name.lower(),
        "model": row.model.name,
        "sha256": row.model.sha256,
        "must_be_right": row.way is not Way.NAIVE,
    }
    if isinstance(row, NotCarried):
        return {**told, "right": None, "why_not": row.why}
    return {
        **told,
        "right": row.right,
        "why_not": None,
        "wrong_since_step": None if row.difference is None else row.difference.step,
        "wrong_steps": 0 if row.difference is None else row.difference.differing_steps,
        "difference": None if row.difference is None else str(row.difference),
        "model_bytes": len(row.model.data),
        "arena": {"size": row.arena.size, "used": row.arena.used, "minimum": row.arena.minimum},
        "aside_bytes": row.aside,
        "latency_us": latency_json(row.latency),
        "carrying_us": row.carrying_us,
        "step_us": row.step_us,
    }
