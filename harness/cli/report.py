"""`tflm-hil report RUN`: a run as one HTML file."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from harness.cli.arguments import Commands, add_json
from harness.cli.regress import past_of
from harness.cli.runs import BASELINES, add_configuration, nights
from harness.errors import Misuse
from harness.record.figures import figures_of_run
from harness.record.model import Run
from harness.record.read import read_record
from harness.regression.baseline import check_configuration
from harness.regression.baseline_file import load_baselines
from harness.regression.comparability import ACCEPTABLE
from harness.regression.judge import NIGHTS, judge
from harness.report.html.background import Background


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "report",
        help="a run as one HTML file, which needs nothing but a browser",
        description="Writes the report of a run as one HTML file: verdict, failures with their logs, and for each "
        "model arena, latency, operators, outputs, and the nights before.",
        epilog="Exit codes: 0 written, whatever became of the run; 1 a file cannot be read or written; 2 wrong "
        "arguments.",
    )
    command.add_argument(
        "run_file", type=Path, metavar="RUN", help="run.json of a run with --report-dir, or its folder"
    )
    command.add_argument(
        "--out", type=Path, metavar="FILE", help="the HTML file (default: report.html beside run.json)"
    )
    command.add_argument("--history", type=Path, metavar="DB", help="database of past runs: see `tflm-hil history`")
    command.add_argument(
        "--baseline", type=Path, metavar="DIR", help=f"folder of baselines (default: {BASELINES}, if there is one)"
    )
    command.add_argument(
        "--nights", type=nights, default=NIGHTS, metavar="N", help=f"nights to compare with (default: {NIGHTS})"
    )
    command.add_argument(
        "--accept", action="append", choices=ACCEPTABLE, default=[], metavar="CONDITION", help="as of `regress`"
    )
    add_configuration(command)
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> None:
    """Writes the report and tells where it is."""
    check_configuration(given.configuration)
    if given.baseline is not None and not given.baseline.is_dir():
        raise Misuse(f"--baseline {given.baseline}: a folder expected", advice="make one: `tflm-hil baseline save RUN`")
    record = read_record(given.run_file)
    background = _background(record, given)
    folder = given.run_file if given.run_file.is_dir() else given.run_file.parent
    # Matplotlib takes its time, and only this command needs it.
    from harness.report.html.write import FILE_NAME, write_report

    out = given.out or folder
    out = out / FILE_NAME if out.is_dir() else out
    beside = out.parent.resolve() == folder.resolve()
    target = write_report(record, out, background, beside_logs=beside)
    if given.json:
        print(json.dumps({"report": str(target), "bytes": target.stat().st_size}))
    else:
        console.print(f"report: {escape(str(target))}", soft_wrap=True)


def _background(record: Run, given: argparse.Namespace) -> Background:
    """What the run is held against; nothing without baselines and history."""
    known = load_baselines(given.baseline or BASELINES)
    if not known and given.history is None:
        return Background()
    from harness.report.html.judged import background_of

    figures = figures_of_run(record)
    past = past_of(figures, given.history, given.configuration)
    judgement = judge(
        figures, known, past, nights=given.nights, accepted=given.accept, configuration=given.configuration
    )
    return background_of(judgement)
