"""Arenas that were found, as a table for people and as values for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from harness.measure.arena_sizing import ArenaSizing
from harness.measure.sizing import Window


def sizing_table(sizings: Sequence[ArenaSizing]) -> Table:
    """A row per model, all of one board."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("model", overflow="fold")
    for name in ("used", "head", "tail", "minimum"):
        table.add_column(name, justify="right", no_wrap=True)
    shares = {f"{sizing.headroom * 100:g} %" for sizing in sizings}
    table.add_column(f"+ {' / '.join(sorted(shares))}", justify="right", no_wrap=True)
    table.add_column("board has", justify="right", no_wrap=True)
    table.add_column("sizes tried", justify="right")
    for sizing in sizings:
        arena = sizing.arena
        failed = sum(not probe.works for probe in sizing.probes)
        table.add_row(
            Text(sizing.model),
            *(Text(_bytes(size)) for size in (arena.used, arena.head, arena.tail)),
            Text(_bytes(sizing.minimum), style="bold"),
            Text(_bytes(sizing.recommended), style="" if sizing.fits else "bold red"),
            Text(_bytes(sizing.available)),
            Text(f"{len(sizing.probes)} ({failed} fail)"),
        )
    return table


def sizing_notes(sizing: ArenaSizing) -> list[str]:
    """What the table has no column for, a line each."""
    notes = []
    if sizing.arena.categories:
        shares = ", ".join(f"{name} {size:,}" for name, size in sizing.arena.categories.items() if size)
        notes.append(f"{sizing.model}: persistent bytes by category: {shares}")
    if sizing.reference is not None:
        notes.append(f"{sizing.model}: at full size {sizing.reference}")
    for window in sizing.wrong:
        notes.append(f"{sizing.model}: {_span(window)} reports success and computes wrong outputs")
    if not sizing.fits:
        notes.append(
            f"{sizing.model}: does not fit with its headroom: {sizing.recommended - sizing.available:,} B too many"
        )
    return notes


def sizing_json(sizing: ArenaSizing) -> dict[str, Any]:
    """All of it, for programs. Sizes in bytes."""
    arena = sizing.arena
    return {
        "model": sizing.model,
        "sha256": sizing.sha256,
        "used": arena.used,
        "head": arena.head,
        "tail": arena.tail,
        "categories": dict(arena.categories),
        "pointer_bits": arena.pointer_bits,
        "minimum": sizing.minimum,
        "headroom": sizing.headroom,
        "recommended": sizing.recommended,
        "available": sizing.available,
        "fits": sizing.fits,
        "predicted": sizing.predicted,
        "steps": sizing.steps,
        "resource_variables": sizing.resource_variables,
        "preserve_all_tensors": sizing.preserve_all_tensors,
        "reference": sizing.reference,
        "wrong": [[window.first, window.last] for window in sizing.wrong],
        "probes": [[probe.size, probe.outcome.value, probe.detail] for probe in sizing.probes],
        "c_line": sizing.c_line,
        "conditions": dict(sizing.conditions.as_properties()),
    }


def _bytes(size: int | None) -> str:
    return "-" if size is None else f"{size:,}"


def _span(window: Window) -> str:
    return f"{window.first:,} B" if window.first == window.last else f"{window.first:,} to {window.last:,} B"
