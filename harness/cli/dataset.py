"""Arguments that name a data set, and the data set that they name."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.arguments import count
from harness.datasets.dataset import Dataset, load_dataset
from harness.errors import Misuse
from harness.experiments.accuracy import AccuracyPlan
from harness.measure.scores import check_metric

_MAX_NAMES_BYTES = 1024 * 1024


def add_dataset(command: argparse.ArgumentParser, *, required: bool) -> None:
    """Adds --data and all that says how it is meant."""
    command.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        required=required,
        help=".npz with the arrays x and y, .npy with the inputs, or .csv with a column of labels",
    )
    command.add_argument("--labels", type=Path, metavar="FILE", help="targets, if --data has none: .npy, .npz or .csv")
    command.add_argument("--inputs-key", metavar="KEY[,KEY]", help="arrays of an .npz that are the inputs (default: x)")
    command.add_argument(
        "--labels-key", metavar="KEY", help="array of an .npz (default: y), or name or number of a .csv's column"
    )
    command.add_argument(
        "--classes", metavar="NAMES", help="names of the classes: comma-separated, or a file with one per line"
    )
    add_meaning(command)
    command.add_argument("--limit", type=count, metavar="N", help="only the first N samples")
    command.add_argument(
        "--metric",
        action="append",
        type=_metric,
        default=[],
        metavar="NAME",
        help="top1, top5, ... of classes; mae, rmse, r2 of values (default: by the labels; repeatable)",
    )
    state = command.add_mutually_exclusive_group()
    state.add_argument(
        "--sequences", action="store_true", help="the second axis of inputs is time; state goes on in it"
    )
    state.add_argument("--reset-each", action="store_true", help="reset a model with state before each sample")
    state.add_argument("--keep-state", action="store_true", help="let the state go on from sample to sample")
    command.add_argument(
        "--skip", type=count, default=0, metavar="N", help="do not judge the first N steps of each sequence"
    )


def add_meaning(command: argparse.ArgumentParser) -> None:
    """Adds what says how the numbers of a file are meant."""
    meaning = command.add_mutually_exclusive_group()
    meaning.add_argument(
        "--divide", type=_divisor, metavar="N", help="divide inputs by this to have real values: 255 for pixels"
    )
    meaning.add_argument("--raw", action="store_true", help="inputs are the tensors' own integers, not real values")


def inputs_of(given: argparse.Namespace) -> Dataset:
    """The inputs that `--inputs` names.

    Raises:
        DatasetError: they cannot be read.
    """
    return load_dataset(given.inputs, divide=given.divide or 1.0, real=_real(given), labelled=False)


def dataset_of(given: argparse.Namespace) -> Dataset:
    """The data set that the arguments name.

    Raises:
        DatasetError: it cannot be read.
        Misuse: the names of classes cannot be.
    """
    keys = None if given.inputs_key is None else tuple(given.inputs_key.split(","))
    return load_dataset(
        given.data,
        given.labels,
        inputs=keys,
        targets=given.labels_key,
        classes=() if given.classes is None else _names(given.classes),
        divide=given.divide or 1.0,
        real=_real(given),
    )


def plan_of(given: argparse.Namespace) -> AccuracyPlan:
    """How the data set is to be run.

    Raises:
        Misuse: the arguments contradict each other.
    """
    state = "reset" if given.reset_each else "keep" if given.keep_state else None
    return AccuracyPlan(
        metrics=tuple(given.metric),
        limit=given.limit,
        sequences=given.sequences,
        state=state,
        skip=given.skip,
    )


def _real(given: argparse.Namespace) -> bool | None:
    # Divided by 1 they are said to be real.
    return False if given.raw else None if given.divide is None else True


def _names(text: str) -> tuple[str, ...]:
    path = Path(text)
    try:
        if "," in text or not path.is_file():
            names = text.split(",")
        elif path.stat().st_size > _MAX_NAMES_BYTES:
            raise Misuse(f"{path}: at most {_MAX_NAMES_BYTES:,} bytes of names expected", advice="name another file")
        else:
            names = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise Misuse(f"--classes {text!r} cannot be read: {error}", advice="give names, or a text file") from None
    found = tuple(name.strip() for name in names if name.strip())
    if len(found) < 2 or not all(name.isprintable() for name in found):
        raise Misuse(f"--classes {text!r}: at least two printable names expected", advice="a,b,c or a file of lines")
    return found


def _metric(text: str) -> str:
    try:
        return check_metric(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _divisor(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e30:
        raise argparse.ArgumentTypeError(f"a number above 0 expected, came {text!r}")
    return number
