"""`tflm-hil state [MODEL.tflite...]`: ways to carry a model's state, what each takes, and whether it is right."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.bench import Bench
from harness.cli.arguments import Commands, add_board_option, add_json, count, seed
from harness.cli.choice import demand_use, open_chosen
from harness.cli.size import progress
from harness.errors import ModelNotFound
from harness.experiments.state_ways import compare_ways
from harness.models.library import ModelLibrary
from harness.models.reference import ReferenceEngine
from harness.report.state_ways import ways_json, ways_table

# One LSTM in three forms, from the folder that the command is given in.
EXAMPLES = tuple(
    Path("test_cases/models") / f"{name}.tflite" for name in ("lstm_resvar_int8", "lstm_seq_int8", "lstm_feedback_int8")
)
_EXIT_WRONG = 1
_PAIRS = re.compile(r"[0-9]{1,3}:[0-9]{1,3}(,[0-9]{1,3}:[0-9]{1,3})*")


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "state",
        help="ways to carry a model's state: arena, time, and whether it is right",
        description="Runs a sequence on each model and compares every step with TFLM on this computer. How a model "
        "carries its state is read from its graph: resource variables, variable tensors, or outputs that are fed back "
        "as inputs. The latter are fed back in three ways: copied aside first, directly with preserve_all_tensors, and "
        "directly, which is wrong where TFLM uses memory again.",
        epilog="Exit codes: 0 every way is right but perhaps the last one, 1 one is not or something failed, 2 wrong "
        "arguments.",
    )
    command.add_argument(
        "models", type=Path, nargs="*", metavar="MODEL.tflite", help="(default: the example LSTM in its three forms)"
    )
    command.add_argument("--steps", type=count, default=64, metavar="N", help="invokes of the sequence (default: 64)")
    command.add_argument("--seed", type=seed, default=0, metavar="N", help="of the random inputs (default: 0)")
    command.add_argument(
        "--feed",
        type=pairs,
        metavar="O:I,...",
        help="outputs that are fed back, and the inputs that they become (default: by names, such as h_next and h)",
    )
    add_board_option(command)
    add_json(command)
    command.set_defaults(run=run)


def pairs(text: str) -> tuple[tuple[int, int], ...]:
    """Outputs and inputs such as "1:1,2:2"."""
    if not _PAIRS.fullmatch(text):
        raise argparse.ArgumentTypeError(f"pairs such as 1:1,2:2 expected, came {text!r}")
    numbers = [pair.split(":") for pair in text.split(",")]
    return tuple((int(source), int(target)) for source, target in numbers)


def run(given: argparse.Namespace, console: Console) -> int:
    """Measures, and shows the figures."""
    demand_use(given)
    if not given.models and not all(path.is_file() for path in EXAMPLES):
        raise ModelNotFound(
            f"no models were named, and the examples are not in {EXAMPLES[0].parent}", advice="name .tflite files"
        )
    library = ModelLibrary()
    models = [library.find(path) for path in given.models or EXAMPLES]
    bench = Bench(open_chosen(given), library)
    engine = ReferenceEngine()
    try:
        bench.prepare(models)
        with progress(Console(stderr=True, highlight=False)) as show:
            found = compare_ways(
                bench, models, engine, steps=given.steps, seed=given.seed, feed=given.feed, on_progress=show
            )
    finally:
        engine.close()
        bench.close()
    if given.json:
        print(json.dumps(ways_json(found), indent=2))
    else:
        console.print(f"on {escape(found.conditions)}; {found.steps} steps", soft_wrap=True)
        console.print()
        console.print(ways_table(found))
    return 0 if found.right else _EXIT_WRONG
