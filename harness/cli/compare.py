"""`tflm-hil compare A.tflite B.tflite`: two models side by side, such as the float one and the int8 one."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.bench import Bench
from harness.cli.accuracy import progress
from harness.cli.arguments import Commands, add_board_option, add_json, count, seed
from harness.cli.choice import demand_use, open_chosen
from harness.cli.dataset import add_dataset, dataset_of, plan_of
from harness.errors import Misuse
from harness.experiments.arena import minimum_arena
from harness.experiments.versus import Contest, compare_models
from harness.models.library import ModelLibrary
from harness.report.versus import versus_json, versus_table

_DATA_OPTIONS = ("labels", "inputs_key", "labels_key", "classes", "divide", "limit", "metric")


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "compare",
        help="two models side by side: size, arena, latency, accuracy",
        description="Measures two models on one board. With --data, the accuracy of both; without, how far their "
        "outputs are apart on the same random inputs, as real values: a float model can be compared with an int8 one.",
        epilog="Differences are those of B from A. Exit codes: 0 done, 1 the board, a model or the data set failed, "
        "2 wrong arguments.",
    )
    command.add_argument("one", type=Path, metavar="A.tflite")
    command.add_argument("other", type=Path, metavar="B.tflite")
    add_dataset(command, required=False)
    command.add_argument("--repeats", type=count, default=100, metavar="N", help="measured invokes (default: 100)")
    command.add_argument(
        "--steps", type=count, default=100, metavar="N", help="random inputs to compare outputs on (default: 100)"
    )
    command.add_argument("--seed", type=seed, default=0, metavar="N", help="of the random inputs (default: 0)")
    command.add_argument(
        "--minimum", action="store_true", help="look for the smallest arena of each, too: some more sessions"
    )
    add_board_option(command)
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> None:
    """Measures both models and shows the figures."""
    demand_use(given)
    if given.data is None:
        idle = [name for name in _DATA_OPTIONS if getattr(given, name)]
        if idle:
            raise Misuse(f"--{idle[0].replace('_', '-')} has no effect without --data", advice="name a data set")
    dataset = None if given.data is None else dataset_of(given)
    plan = None if dataset is None else plan_of(given)
    library = ModelLibrary()
    one, other = library.find(given.one), library.find(given.other)
    minimum = minimum_arena if given.minimum else None
    contest = Contest(repeats=given.repeats, steps=given.steps, seed=given.seed, minimum=minimum)
    bench = Bench(open_chosen(given), library)
    try:
        with progress(Console(stderr=True, highlight=False)) as told:
            versus = compare_models(bench, one, other, contest, dataset=dataset, plan=plan, on_progress=told)
    finally:
        bench.close()
    if given.json:
        print(json.dumps(versus_json(versus), indent=2))
    else:
        console.print(f"on {escape(versus.conditions)}", soft_wrap=True)
        console.print(versus_table(versus))
