"""`tflm-hil check MODEL...`: whether a model will run on a Pico, without a board or on one."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli.arguments import Commands, add_firmware, add_inventory, add_json, add_wait
from harness.cli.bench import random_inputs
from harness.cli.choice import demand_use, open_chosen
from harness.errors import HarnessError, ImageTooLarge, Misuse, ModelNotFound
from harness.flash.pack import CAPACITY, packed_size
from harness.measure.latency import format_duration
from harness.models.fit import Finding, findings, operators
from harness.models.library import ModelLibrary

if TYPE_CHECKING:
    from harness.bench import Bench
    from harness.models.tflite import TensorSpec, TfliteModel

_SHOWN_LINES = 2


@dataclass
class Checked:
    """A model, as far as it could be read, and what was found."""

    path: Path
    model: TfliteModel | None
    found: list[Finding] = field(default_factory=list)

    @property
    def runs(self) -> bool:
        """Whether nothing stands in its way."""
        return all(finding.ok for finding in self.found)


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "check",
        help="say whether a model will run on a Pico, and if not, why",
        description="Looks at schema, operators, flash and memory of each model. With a board, opens and invokes it "
        "there too, which is the proof.",
        epilog="Exit codes: 0 all of them run as far as was looked, 1 one does not, 2 wrong arguments.",
    )
    command.add_argument("models", type=Path, nargs="+", metavar="MODEL.tflite")
    command.add_argument("--board", metavar="NAME", help="try them there, too: see `tflm-hil boards` (default: none)")
    add_firmware(command)
    add_inventory(command)
    add_wait(command)
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> int:
    """Checks the models; the exit code."""
    demand_use(given)
    library = ModelLibrary()
    checked = [_look(library, path) for path in given.models]
    board = None if given.board is None else _try_all(given, library, checked)
    if given.json:
        print(json.dumps({"board": board, "models": [as_json(one) for one in checked]}))
    else:
        for one in checked:
            show(one, board, console)
    return 0 if all(one.runs for one in checked) else 1


def as_json(checked: Checked) -> dict[str, Any]:
    """All that was found of one model, for programs."""
    model = checked.model
    known: dict[str, Any] = {"name": checked.path.stem, "path": str(checked.path), "runs": checked.runs}
    if model is not None:
        known |= {
            "bytes": len(model.data),
            "sha256": model.sha256,
            "operators": [asdict(op) for op in operators(model)],
            "inputs": [_described(spec) for spec in model.inputs],
            "outputs": [_described(spec) for spec in model.outputs],
            "stateful": model.stateful,
        }
    return {**known, "findings": [asdict(finding) for finding in checked.found]}


def show(checked: Checked, board: str | None, console: Console) -> None:
    """All that was found of one model, for people."""
    table = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for finding in checked.found:
        mark = Text("ok", style="green") if finding.ok else Text("NO", style="bold red")
        table.add_row(mark, Text(finding.what), Text(finding.text))
    if checked.model is not None:
        for direction, specs in (("input", checked.model.inputs), ("output", checked.model.outputs)):
            for index, spec in enumerate(specs):
                table.add_row("", Text(f"{direction} {index}"), Text(_described(spec)))
        table.add_row("", Text("state"), Text("yes" if checked.model.stateful else "none"))
    if not checked.runs:
        verdict = Text("does not run on a Pico", style="bold red")
    elif board is None:
        verdict = Text("nothing in the file speaks against it; --board emulator proves it", style="green")
    else:
        verdict = Text(f"runs on {board}", style="bold green")
    console.print(Text.assemble((checked.path.stem, "bold"), ": ", verdict))
    console.print(table)


def _look(library: ModelLibrary, path: Path) -> Checked:
    try:
        model = library.find(path)
    except ModelNotFound as error:
        raise Misuse(error.message, advice=error.advice) from None
    except HarnessError as error:
        return Checked(path, None, [Finding("schema", False, f"{error.message}; {error.advice}")])
    return Checked(path, model, findings(model, stored=packed_size([len(model.data)]), capacity=CAPACITY))


def _try_all(given: argparse.Namespace, library: ModelLibrary, checked: list[Checked]) -> str:
    """Tries on the board what may run there; the board's name."""
    from harness.bench import Bench

    candidates = [(one, one.model) for one in checked if one.model is not None and one.runs]
    bench = Bench(open_chosen(given), library)
    try:
        try:
            # One flashing for all of them, if they fit together.
            bench.prepare([model for _, model in candidates])
        except ImageTooLarge:
            bench.prepare()
        for one, model in candidates:
            one.found.append(_try(bench, model))
        return f"{bench.board.name} ({bench.conditions.describe()})"
    finally:
        bench.close()


def _try(bench: Bench, model: TfliteModel) -> Finding:
    # Whatever the one before did to it.
    bench.ensure_ready()
    try:
        with bench.open(model) as session:
            latency = session.invoke(*random_inputs(model, 0)).latency
            arena = session.arena
            used = "?" if arena.used is None else f"{arena.used:,}"
            text = f"uses {used} of {arena.size:,} B of arena; the first invoke takes {format_duration(latency.min)}"
            return Finding("board", True, text)
    except HarnessError as error:
        lines = " ".join(error.message.splitlines()[:_SHOWN_LINES])
        return Finding("board", False, f"{type(error).__name__}: {lines}; {error.advice}")


def _described(spec: TensorSpec) -> str:
    quantization = spec.quantization
    scale = "" if quantization is None else f", scale {quantization.scale:g}, zero point {quantization.zero_point}"
    return f"{spec.dtype.name}{list(spec.shape)}{scale}"
