"""`tflm-hil accuracy MODEL.tflite --data FILE`: how good a model's predictions are, on a board."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from harness.bench import Bench
from harness.cli.arguments import Commands, add_board_option, add_json, size_in_bytes
from harness.cli.choice import demand_use, open_chosen
from harness.cli.dataset import add_dataset, dataset_of, plan_of
from harness.errors import HarnessError, Misuse
from harness.experiments.accuracy import DatasetInterrupted, measure_accuracy
from harness.measure.bound import Bound, parse_bound
from harness.measure.scores import Accuracy, check_bound, check_metric
from harness.models.library import ModelLibrary
from harness.models.reference import ReferenceEngine
from harness.report.accuracy import accuracy_json, accuracy_tables
from harness.tflm.availability import why_unavailable

_REQUIREMENT = re.compile(r"\s*([a-z0-9]+)\s*([<>]=.*)")
_FAILED = 1


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "accuracy",
        help="a model's task metric over a labelled data set, on a board",
        description="Streams a labelled data set to a model on a board, and counts its predictions, beside those of "
        "TFLM's interpreter on this computer where it runs.",
        epilog="Exit codes: 0 done, and every --require holds; 1 one does not, or the board, the model or the data set "
        "failed; 2 wrong arguments.",
    )
    command.add_argument("model", type=Path, metavar="MODEL.tflite")
    add_dataset(command, required=True)
    command.add_argument(
        "--require",
        action="append",
        type=_requirement,
        default=[],
        metavar="LIMIT",
        help='exit with 1 if it does not hold: "top1 >= 92 %%", "rmse <= 0.05", "agrees >= 99 %%" (repeatable)',
    )
    command.add_argument("--no-reference", action="store_true", help="do not run TFLM's interpreter on this computer")
    command.add_argument("--arena", type=size_in_bytes, metavar="SIZE", help="arena to open it in; default: all")
    add_board_option(command)
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> int | None:
    """Runs the data set and shows the figures."""
    demand_use(given)
    dataset, plan, bounds = dataset_of(given), plan_of(given), dict(given.require)
    ours = [metric for metric in bounds if metric not in plan.metrics]
    plan = type(plan)(**{**vars(plan), "metrics": (*plan.metrics, *ours)})
    library = ModelLibrary()
    model = library.find(given.model)
    errors = Console(stderr=True, highlight=False)
    bench = Bench(open_chosen(given), library)
    engine = None if given.no_reference or why_unavailable() is not None else ReferenceEngine()
    try:
        with bench.open(model, arena=given.arena) as session, progress(errors) as told:
            accuracy = measure_accuracy(session, dataset, plan, reference=engine, on_progress=told)
    except DatasetInterrupted as error:
        return _interrupted(error, given, errors)
    finally:
        bench.close()
        if engine is not None:
            engine.close()
    if given.json:
        print(json.dumps(_as_json(accuracy, given, model.sha256), indent=2))
    else:
        console.print(f"{escape(model.name)} on {escape(accuracy.conditions)}", soft_wrap=True)
        console.print(accuracy_tables(accuracy))
        if engine is None and not given.no_reference:
            console.print(f"no host reference: {why_unavailable()}", style="dim", markup=False)
    return _check(accuracy, bounds, errors)


@contextmanager
def progress(console: Console) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal; nothing elsewhere. Gives what takes how many of how many are done."""
    columns = (TextColumn("samples"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("samples", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _check(accuracy: Accuracy, bounds: dict[str, Bound], errors: Console) -> int | None:
    try:
        accuracy.require(bounds)
    except Misuse:
        raise
    except HarnessError as error:
        # The figures are on stdout already, one JSON object if that was asked for.
        errors.print(f"[bold red]{type(error).__name__}[/]: {escape(str(error))}")
        return _FAILED
    return None


def _interrupted(error: DatasetInterrupted, given: argparse.Namespace, errors: Console) -> int:
    if given.json:
        told = {"error": type(error).__name__, "message": error.message, "advice": error.advice}
        cause = type(error.__cause__).__name__
        print(json.dumps({**told, "cause": cause, "sample": error.sample, "partial": accuracy_json(error.partial)}))
    elif error.partial.done:
        errors.print(accuracy_tables(error.partial))
    errors.print(f"[bold red]{type(error).__name__}[/]: {escape(str(error))}")
    return _FAILED


def _as_json(accuracy: Accuracy, given: argparse.Namespace, sha256: str) -> dict[str, Any]:
    return {
        "model": {"name": Path(given.model).stem, "sha256": sha256},
        "data": str(given.data),
        "conditions": accuracy.conditions,
        **accuracy_json(accuracy),
    }


def _requirement(text: str) -> tuple[str, Bound]:
    match = _REQUIREMENT.fullmatch(text)
    try:
        if match is None:
            raise ValueError(f'{text!r}: a metric and its limit expected, such as "top1 >= 92 %"')
        metric = check_metric(match[1])
        return metric, check_bound(metric, parse_bound(match[2]))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
