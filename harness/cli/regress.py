"""`tflm-hil regress RUN`: what became of a run's figures since the baseline and the nights before."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console

from harness.cli.arguments import Commands, add_json
from harness.cli.runs import BASELINES, add_configuration, add_run, load_run, nights
from harness.errors import Misuse
from harness.history.database import History
from harness.history.points import Series
from harness.record.figures import RunFigures
from harness.regression.baseline import check_configuration
from harness.regression.baseline_file import load_baselines
from harness.regression.comparability import ACCEPTABLE
from harness.regression.judge import NIGHTS, Judgement, Verdict, judge
from harness.regression.report import judgement_json, write_regression_xml
from harness.regression.table import judgement_table

# 1 and 2 are those of all commands: something could not be read, wrong arguments.
EXIT_WORSE = 3
EXIT_INCOMPLETE = 4
# Nights in which a change is looked for: four months. The search takes time in their square.
_LOOK_BACK = 120


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "regress",
        help="hold a run against the baseline and the nights before: what is worse?",
        description="Compares each figure of a run with the baseline of its board and, where that has none, with the "
        "last nights. Figures of other clocks, compilers, TFLM commits or models are not compared silently.",
        epilog="Exit codes: 0 nothing is worse, 1 a file cannot be read, 2 wrong arguments, 3 at least one figure is "
        "worse, 4 nothing is worse, but figures are gone or cannot be compared, there are none, the run did not end by "
        "itself, or a board was lost.",
    )
    add_run(command)
    command.add_argument(
        "--baseline", type=Path, metavar="DIR", help=f"folder of baselines (default: {BASELINES}, if there is one)"
    )
    command.add_argument("--history", type=Path, metavar="DB", help="database of past runs: see `tflm-hil history`")
    command.add_argument(
        "--nights", type=nights, default=NIGHTS, metavar="N", help=f"nights to compare with (default: {NIGHTS})"
    )
    command.add_argument(
        "--accept",
        action="append",
        choices=ACCEPTABLE,
        default=[],
        metavar="CONDITION",
        help=f"compare although this differs, and say so: {', '.join(ACCEPTABLE)}; can be repeated",
    )
    add_configuration(command)
    command.add_argument("--xml", type=Path, metavar="FILE", help="also write JUnit XML, a testcase for each figure")
    command.add_argument("--all", action="store_true", help="show every row, and with --json figures without a change")
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> int:
    """Compares, tells, and returns the exit code."""
    configuration = check_configuration(given.configuration)
    if given.baseline is not None and not given.baseline.is_dir():
        raise Misuse(f"--baseline {given.baseline}: a folder expected", advice="make one: `tflm-hil baseline save RUN`")
    figures = load_run(given.run_file)
    judgement = judge(
        figures,
        load_baselines(given.baseline or BASELINES),
        past_of(figures, given.history, configuration),
        nights=given.nights,
        accepted=given.accept,
        configuration=configuration,
    )
    if given.xml is not None:
        try:
            write_regression_xml(given.xml, judgement)
        except OSError as error:
            raise Misuse(
                f"--xml {given.xml}: cannot be written: {error.strerror}", advice="name another file"
            ) from None
    if given.json:
        print(json.dumps(judgement_json(judgement, unchanged=given.all)))
    else:
        console.print(judgement_table(judgement, most=None if given.all else 40))
    return exit_code(judgement)


def past_of(run: RunFigures, history: Path | None, configuration: str) -> list[Series]:
    """What the figures were before this run; nothing without a history.

    Raises:
        HistoryError: it cannot be read.
    """
    if history is None:
        return []
    with History(history) as past:
        return past.series(nights=_LOOK_BACK, until=run.started, without=run, configuration=configuration)


def exit_code(judgement: Judgement) -> int:
    """How a judgement ends the program."""
    if judgement.of(Verdict.WORSE):
        return EXIT_WORSE
    run = judgement.run
    # What a run that was cut short, or a board that was lost, would have measured need not be in any baseline.
    cut_short = run.ended != "complete" or run.lost or not run.figures
    return EXIT_INCOMPLETE if cut_short or judgement.of(Verdict.VANISHED, Verdict.NOT_COMPARABLE) else 0
