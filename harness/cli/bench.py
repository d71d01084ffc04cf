"""`tflm-hil bench MODEL.tflite`: one model, measured without any test."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.bench import Bench
from harness.cli.arguments import Commands, add_board_option, add_json, count, seed, size_in_bytes
from harness.cli.choice import demand_use, open_chosen
from harness.experiments.clock import read_clock
from harness.measure.latency import Latency
from harness.measure.profile import Profile
from harness.models.library import ModelLibrary
from harness.models.steps import Array
from harness.models.tflite import TensorSpec, TfliteModel
from harness.report.clock import clock_rows
from harness.report.latency import latency_json, latency_rows
from harness.report.profile import profile_json, profile_table
from harness.session import Session

_WARMUP = 5


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "bench",
        help="measure one model: arena, latency, operators, inputs, outputs",
        description="Opens a model on a board, invokes it on random inputs, and shows what it needs.",
    )
    command.add_argument("model", type=Path, metavar="MODEL.tflite")
    add_board_option(command)
    command.add_argument(
        "--categories", action="store_true", help="persistent arena by category; costs a device about 100 bytes of it"
    )
    command.add_argument(
        "--arena", type=size_in_bytes, metavar="SIZE", help='arena to open it in, such as "16 KiB"; default: all'
    )
    command.add_argument("--repeats", type=count, default=100, metavar="N", help="measured invokes (default: 100)")
    command.add_argument("--profile", action="store_true", help="time each operator too; not on the host board")
    command.add_argument("--seed", type=seed, default=0, metavar="N", help="of the random inputs (default: 0)")
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> None:
    """Measures the model and shows the figures."""
    demand_use(given)
    library = ModelLibrary()
    model = library.find(given.model)
    bench = Bench(open_chosen(given), library)
    try:
        with bench.open(model, arena=given.arena, categories=given.categories) as session:
            inputs = random_inputs(model, given.seed)
            # The first invoke is measured too, apart: it is the first of the warm-up.
            latency = session.invoke(*inputs, repeats=given.repeats, warmup=_WARMUP + 1).latency
            session.measurement.clock = read_clock(bench)
            profile = session.profile() if given.profile else None
            for notice in bench.notices:
                Console(stderr=True, highlight=False).print(f"warning: {notice}", markup=False)
            if given.json:
                print(json.dumps(as_json(session, latency, profile), indent=2))
            else:
                show(session, latency, profile, console)
    finally:
        bench.close()


def random_inputs(model: TfliteModel, seed: int) -> list[Array]:
    """Values over the whole range of integer tensors, and from -1 to 1 for real ones."""
    random = np.random.Generator(np.random.PCG64(seed))

    def values(spec: TensorSpec) -> Array:
        if spec.dtype.kind in "iu":
            limits = np.iinfo(spec.dtype)
            return random.integers(limits.min, limits.max, spec.shape, dtype=spec.dtype, endpoint=True)
        if spec.dtype.kind == "b":
            return random.integers(0, 2, spec.shape).astype(spec.dtype)
        return random.uniform(-1.0, 1.0, spec.shape).astype(spec.dtype)

    return [values(spec) for spec in model.inputs]


def as_json(session: Session, latency: Latency, profile: Profile | None) -> dict[str, Any]:
    """All figures, for programs. Sizes in bytes, durations in microseconds."""
    model, arena = session.model, session.arena
    return {
        "model": {"name": model.name, "bytes": len(model.data), "sha256": model.sha256},
        "conditions": dict(session.measurement.conditions.as_properties()),
        "arena": {
            "size": arena.size,
            "used": arena.used,
            "head": arena.head,
            "tail": arena.tail,
            "categories": dict(arena.categories),
            "pointer_bits": arena.pointer_bits,
        },
        "latency_us": latency_json(latency),
        "clock": None if session.measurement.clock is None else vars(session.measurement.clock),
        "ops": [{"index": op.index, "subgraph": op.subgraph, "name": op.name} for op in model.ops],
        "profile": None if profile is None else profile_json(profile),
        "inputs": [_tensor(spec) for spec in model.inputs],
        "outputs": [_tensor(spec) for spec in model.outputs],
        "stateful": model.stateful,
        "resource_variables": model.resource_variables,
    }


def show(session: Session, latency: Latency, profile: Profile | None, console: Console) -> None:
    """All figures, for people."""
    model, arena = session.model, session.arena
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")

    def row(name: str, text: str) -> None:
        table.add_row(Text(name), Text(text))

    row("model", f"{model.name}, {len(model.data):,} bytes, SHA-256 {model.sha256[:16]}...")
    row("board", session.measurement.conditions.describe())
    row("state", _state(model))
    row("arena used", f"{_bytes(arena.used)} of {arena.size:,} (head {_bytes(arena.head)}, tail {_bytes(arena.tail)})")
    for category, size in arena.categories.items():
        row(f"  {category}", f"{size:,} B")
    if arena.pointer_bits != 32:
        row("", f"bytes of a {arena.pointer_bits}-bit computer; a Pico needs fewer")
    clock = session.measurement.clock
    for name, text in (*latency_rows(latency), *(clock_rows(clock) if clock else ())):
        row(name, text)
    counted = Counter(op.name for op in model.ops)
    row("operators", ", ".join(f"{name} x{count}" if count > 1 else name for name, count in counted.items()))
    for direction, specs in (("input", model.inputs), ("output", model.outputs)):
        for index, spec in enumerate(specs):
            row(f"{direction} {index}", f"{spec.name}: {spec.dtype.name}{list(spec.shape)}{_quantized(spec)}")
    console.print(table)
    if profile is not None:
        console.print(profile_table(model.name, profile))


def _state(model: TfliteModel) -> str:
    parts = []
    if model.resource_variables:
        parts.append(f"{model.resource_variables} resource variables")
    if model.variable_tensors:
        parts.append(f"{model.variable_tensors} variable tensors")
    return ", ".join(parts) or "none"


def _bytes(size: int | None) -> str:
    return "-" if size is None else f"{size:,} B"


def _quantized(spec: TensorSpec) -> str:
    if spec.quantization is None:
        return ""
    return f", scale {spec.quantization.scale:g}, zero point {spec.quantization.zero_point}"


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    quantization = spec.quantization
    return {
        "name": spec.name,
        "dtype": spec.dtype.name,
        "shape": list(spec.shape),
        "scale": None if quantization is None else quantization.scale,
        "zero_point": None if quantization is None else quantization.zero_point,
    }
