"""`tflm-hil clock MODEL.tflite`: how well a board's durations can be trusted."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console

from harness.bench import Bench
from harness.cli.arguments import Commands, add_board_option, add_json, count, seed
from harness.cli.bench import random_inputs
from harness.cli.choice import demand_use, open_chosen
from harness.experiments.clock import examine_clock
from harness.models.library import ModelLibrary
from harness.report.clock import clock_json, clock_table


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "clock",
        help="how well a board's durations can be trusted: its clock, and what interrupts add",
        description="Has a board measure its own clock, and invokes a model with all interrupts masked, as always (USB "
        "is not served in the first second of an invoke), and with USB served during each invoke.",
        epilog="`added` compares medians with those of masked interrupts. Exit codes: 0 done, 1 the board or the model "
        "failed, 2 wrong arguments.",
    )
    command.add_argument("model", type=Path, metavar="MODEL.tflite")
    add_board_option(command)
    command.add_argument("--repeats", type=count, default=100, metavar="N", help="measured invokes (default: 100)")
    command.add_argument(
        "--traffic",
        action="store_true",
        help="one more series, with the host sending during each invoke; not the same to the cycle each time",
    )
    command.add_argument("--seed", type=seed, default=0, metavar="N", help="of the random inputs (default: 0)")
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> None:
    """Measures, and shows the figures."""
    demand_use(given)
    library = ModelLibrary()
    model = library.find(given.model)
    bench = Bench(open_chosen(given), library)
    try:
        inputs = random_inputs(model, given.seed)
        report = examine_clock(bench, model, inputs, repeats=given.repeats, traffic=given.traffic)
    finally:
        bench.close()
    if given.json:
        print(json.dumps(clock_json(report), indent=2))
    else:
        console.print(clock_table(report))
