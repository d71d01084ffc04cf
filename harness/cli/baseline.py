"""`tflm-hil baseline save` and `show`: the figures that runs are held against."""

from __future__ import annotations

import argparse
import json
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from harness.cli.arguments import Commands, add_json
from harness.cli.runs import BASELINES, add_configuration, add_run, load_run
from harness.errors import Misuse
from harness.history.points import GOOD
from harness.regression.baseline import Baseline, baselines_of, check_configuration
from harness.regression.baseline_file import load_baselines, save_baseline
from harness.regression.words import value_in_words


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "baseline",
        help="save a run's figures as those to hold others against, or show them",
        description="Baselines are YAML files, one per kind of board and firmware configuration, to be reviewed and "
        "committed. `tflm-hil regress` holds runs against them.",
    )
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    save = actions.add_parser("save", help="save a run's figures; thresholds that a person set stay")
    add_run(save)
    save.add_argument("--into", type=Path, default=BASELINES, metavar="DIR", help=f"folder (default: {BASELINES})")
    save.add_argument(
        "--only", metavar="PATTERN", help="only figures of models or tests that match, such as 'lstm_*'; others stay"
    )
    add_configuration(save)
    add_json(save)
    save.set_defaults(run=_save)
    show = actions.add_parser("show", help="show the figures and their thresholds")
    show.add_argument("pattern", nargs="?", default="*", metavar="PATTERN", help="models that match (default: all)")
    show.add_argument("--baseline", type=Path, default=BASELINES, metavar="DIR", help=f"folder (default: {BASELINES})")
    add_json(show)
    show.set_defaults(run=_show)


def _save(given: argparse.Namespace, console: Console) -> None:
    configuration = check_configuration(given.configuration)
    run = load_run(given.run_file)
    existing = load_baselines(given.into)
    new = baselines_of(run, existing, only=given.only, configuration=configuration)
    if not new:
        what = "of a test that passed" if given.only is None else f"that matches {given.only!r}, of a test that passed"
        raise Misuse(f"{given.run_file}: a figure {what} expected, there is none", advice="name another run or pattern")
    old = {each.file_name: each for each in existing}
    told = []
    for baseline in new:
        path = save_baseline(baseline, given.into)
        told.append({"file": str(path), **_differences(old.get(baseline.file_name), baseline)})
    left_out = sum(figure.outcome not in GOOD for figure in run.figures)
    if given.json:
        print(json.dumps({"saved": told, "left_out": left_out}))
        return
    for saved in told:
        console.print(
            f"{escape(str(saved['file']))}: {saved['figures']:,} figures; {saved['changed']:,} changed, "
            f"{saved['new']:,} new, {saved['removed']:,} removed",
            soft_wrap=True,
        )
    if left_out:
        console.print(f"{left_out:,} figures of tests that did not pass were left out", style="yellow")


def _differences(old: Baseline | None, new: Baseline) -> dict[str, int]:
    before = {} if old is None else {key: figure.value for key, figure in old.figures.items()}
    now = {key: figure.value for key, figure in new.figures.items()}
    return {
        "figures": len(now),
        "changed": sum(before[key] != value for key, value in now.items() if key in before),
        "new": len(now.keys() - before.keys()),
        "removed": len(before.keys() - now.keys()),
    }


def _show(given: argparse.Namespace, console: Console) -> None:
    baselines = load_baselines(given.baseline)
    if not baselines:
        raise Misuse(
            f"{given.baseline}: a folder with baselines expected, there are none",
            advice="make one: `tflm-hil baseline save RUN.json`",
        )
    if given.json:
        print(json.dumps({"baselines": [_told(baseline, given.pattern) for baseline in baselines]}))
        return
    for baseline in baselines:
        told = baseline.conditions
        clock = f", {told.clock_hz / 1e6:g} MHz" if told.clock_hz else ""
        console.print(Text(f"{baseline.place}: {told.kind} ({told.chip}{clock}, {told.pointer_bits}-bit)", "bold"))
        firmware = (f"firmware {told.build}", told.target, f"TFLM {told.tflm}", told.kernels, told.compiler)
        console.print(Text(", ".join(filter(None, (*firmware, f"tflm-hil {baseline.harness}")))))
        for (model, test), keys in groupby(sorted(baseline.figures), key=lambda key: key[:2]):
            if fnmatchcase(model, given.pattern):
                figures = [baseline.figures[key] for key in keys]
                console.print(Text(f"\n{model}  {test}"), soft_wrap=True)
                lines = [
                    (each.name, value_in_words(each.value, each.unit), baseline.threshold(each).text)
                    for each in figures
                ]
                widths = [max(len(line[column]) for line in lines) for column in (0, 1)]
                for name, value, threshold in lines:
                    console.print(Text(f"    {name:<{widths[0]}}  {value:>{widths[1]}}  {threshold}"), soft_wrap=True)


def _told(baseline: Baseline, pattern: str) -> dict[str, Any]:
    return {
        "file": baseline.place,
        "configuration": baseline.configuration,
        "conditions": {name: getattr(baseline.conditions, name) for name in baseline.conditions.__struct_fields__},
        "harness": baseline.harness,
        "figures": [
            {
                "model": key.model,
                "test": key.test,
                "figure": key.name,
                "value": figure.value,
                "unit": figure.unit,
                "threshold": baseline.threshold(figure).text,
            }
            for key, figure in sorted(baseline.figures.items())
            if fnmatchcase(key.model, pattern)
        ],
    }
