"""`tflm-hil size MODEL.tflite...`: the smallest tensor arena that works, and the line of C to write down."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.bench import Bench
from harness.cli.arguments import Commands, add_board_option, add_json, count, seed
from harness.cli.choice import demand_use, open_chosen
from harness.cli.dataset import add_meaning, inputs_of
from harness.datasets.samples import Samples
from harness.errors import HarnessError, Misuse
from harness.experiments.arena import Opening, size_arena, usual_steps
from harness.measure.arena_sizing import ArenaSizing
from harness.measure.bytesize import parse_percent
from harness.measure.sizing import ArenaSearchFailed, Probe
from harness.models.library import ModelLibrary
from harness.models.reference import ReferenceEngine
from harness.models.steps import Step
from harness.models.tflite import TfliteModel
from harness.report.sizing import sizing_json, sizing_notes, sizing_table
from harness.tflm.availability import why_unavailable

_EXIT_FAILED = 1


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "size",
        help="the smallest tensor arena that works, as a line of C",
        description="Looks for the smallest tensor arena in which a model opens, runs, and computes what it computes "
        "in all the memory of the board. What TFLM's arena_used_bytes() tells is not enough.",
        epilog="Exit codes: 0 found for every model, 1 not found for one of them, 2 wrong arguments.",
    )
    command.add_argument("models", type=Path, nargs="+", metavar="MODEL.tflite")
    command.add_argument(
        "--headroom", type=share, default="15%", metavar="SHARE", help="to recommend above the smallest (default: 15%%)"
    )
    command.add_argument(
        "--steps",
        type=count,
        metavar="N",
        help="invokes per size, of --inputs the first rows (default: 4, or 2 for a model without state)",
    )
    command.add_argument("--seed", type=seed, default=0, metavar="N", help="of the random inputs (default: 0)")
    command.add_argument(
        "--inputs", type=Path, metavar="FILE", help="inputs instead of random ones, a row per step: .npy, .npz or .csv"
    )
    add_meaning(command)
    command.add_argument(
        "--preserve-all-tensors", action="store_true", help="TFLM's option of that name, which takes much memory"
    )
    add_board_option(command)
    add_json(command)
    command.set_defaults(run=run)


def share(text: str) -> float:
    """A share such as "15 %"."""
    try:
        return parse_percent(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(given: argparse.Namespace, console: Console) -> int:
    """Looks for the arenas and shows them."""
    demand_use(given)
    if given.inputs is None and (given.raw or given.divide):
        raise Misuse("--raw and --divide are about the numbers of --inputs: that expected, none came")
    library = ModelLibrary()
    models = [library.find(path) for path in given.models]
    errors = Console(stderr=True, highlight=False)
    bench = Bench(open_chosen(given), library)
    engine = None if why_unavailable() is not None else ReferenceEngine()
    sizings: list[ArenaSizing] = []
    failures: list[tuple[TfliteModel, HarnessError]] = []
    try:
        bench.prepare(models)
        conditions = bench.conditions
        with progress(errors) as show:
            for model in models:
                try:
                    sizings.append(_size(given, bench, model, engine, show))
                except HarnessError as error:
                    failures.append((model, error))
                    if not _comes_back(bench, failures):
                        break
    finally:
        bench.close()
        if engine is not None:
            engine.close()
    if given.json:
        print(
            json.dumps(
                {
                    "conditions": dict(conditions.as_properties()),
                    "models": [sizing_json(sizing) for sizing in sizings],
                    "failed": [_failure_json(model, error) for model, error in failures],
                },
                indent=2,
            )
        )
    elif sizings:
        show_sizings(sizings, console)
    for model, failure in failures:
        errors.print(f"{model.name}: [bold red]{type(failure).__name__}[/]: {escape(str(failure))}")
    return _EXIT_FAILED if failures else 0


def show_sizings(sizings: list[ArenaSizing], console: Console) -> None:
    """All figures, for people."""
    conditions = sizings[0].conditions
    console.print(f"on {escape(conditions.describe())}; sizes in bytes", soft_wrap=True)
    if conditions.pointer_bits != 32:
        note = f"these are figures of {conditions.pointer_bits}-bit pointers, a Pico needs fewer: take --board emulator"
        console.print(note, style="yellow", soft_wrap=True)
    console.print()
    console.print(sizing_table(sizings))
    console.print()
    for sizing in sizings:
        for note in sizing_notes(sizing):
            console.print(note, markup=False, soft_wrap=True)
    console.print()
    for sizing in sizings:
        # To be copied: a line stays a line.
        console.print(sizing.c_line, markup=False, soft_wrap=True)


def _size(
    given: argparse.Namespace,
    bench: Bench,
    model: TfliteModel,
    engine: ReferenceEngine | None,
    show: Callable[[str], None],
) -> ArenaSizing:
    tried = 0

    def on_probe(probe: Probe) -> None:
        nonlocal tried
        tried += 1
        show(f"{model.name}: {tried} sizes tried; {probe.size:,} bytes: {probe.outcome.value}")

    def reference(model: TfliteModel, steps: list[Step]) -> list[Step]:
        assert engine is not None
        return engine.run(model, steps)

    show(f"{model.name}: all that the board has")
    return size_arena(
        bench,
        model,
        sequence=None if given.inputs is None else _given_steps(given, model),
        steps=given.steps,
        seed=given.seed,
        headroom=given.headroom,
        opening=Opening(given.preserve_all_tensors),
        reference=None if engine is None else reference,
        on_probe=on_probe,
    )


def _given_steps(given: argparse.Namespace, model: TfliteModel) -> list[Step]:
    """The first rows of the file as a model takes them."""
    samples = Samples(inputs_of(given), model, limit=given.steps or usual_steps(model))
    return [step for sample in samples for step in sample.steps]


def _comes_back(bench: Bench, failures: list[tuple[TfliteModel, HarnessError]]) -> bool:
    """Whether the next model finds a board that works. If not, what was found until then is shown all the same."""
    try:
        bench.ensure_ready()
    except HarnessError as error:
        failures.append((failures[-1][0], error))
        return False
    return True


@contextmanager
def progress(console: Console) -> Iterator[Callable[[str], None]]:
    """Shows what is being done, on a terminal; elsewhere nothing."""
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status("") as status:
        yield lambda text: status.update(escape(text))


def _failure_json(model: TfliteModel, error: HarnessError) -> dict[str, object]:
    told: dict[str, object] = {
        "model": model.name,
        "error": type(error).__name__,
        "message": error.message,
        "advice": error.advice,
    }
    if isinstance(error, ArenaSearchFailed):
        told["probes"] = [[probe.size, probe.outcome.value, probe.detail] for probe in error.probes]
    return told
