"""`tflm-hil run-uf2 IMAGE...`: images of others on a board, judged by what they log."""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.cli.arguments import Commands, add_inventory, add_json, add_wait, seconds
from harness.cli.choice import demand_use, is_pico, open_pico
from harness.errors import Misuse
from harness.images.board import ImageBoard
from harness.images.judge import TFLM_FAILED, TFLM_PASSED, Judge, Outcome
from harness.images.run import Limits, Result
from harness.images.suite import find_images, run_suite

_STYLES = {Outcome.PASSED: "green", Outcome.FAILED: "bold red"}
_SHOWN_CHARS = 200


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "run-uf2",
        help="run images of others, such as TFLM's own tests, and judge their logs",
        description="Flashes each image, shows what it logs over USB serial, and says whether it passed, failed, "
        "crashed, or came to no end. A folder is a suite: every .uf2 in it is one testcase.",
        epilog="Exit codes: 0 all passed, 1 one did not, 2 wrong arguments. An image that prints its result once must "
        "wait for the port to be opened (pico-sdk: PICO_STDIO_USB_CONNECT_WAIT_TIMEOUT_MS=-1); pico-tflmicro's tests "
        "print it again and again.",
    )
    command.add_argument("images", type=Path, nargs="+", metavar="FILE.uf2|FOLDER")
    command.add_argument(
        "--board",
        default="emulator",
        metavar="NAME",
        help="emulator, or a Pico as in `tflm-hil boards` (default: emulator)",
    )
    command.add_argument(
        "--expect", default=TFLM_PASSED, metavar="TEXT", help=f"means success (default: {TFLM_PASSED})"
    )
    command.add_argument(
        "--fail-on",
        action="append",
        metavar="TEXT",
        help="means failure; may be given several times (default: what TFLM's failed tests say). A panic always does",
    )
    command.add_argument(
        "--timeout", type=seconds, default=120.0, metavar="S", help="give up on an image after so long (default: 120)"
    )
    command.add_argument(
        "--silence",
        type=seconds,
        default=30.0,
        metavar="S",
        help="an image that says nothing for so long has crashed (default: 30)",
    )
    command.add_argument("--junit", type=Path, metavar="FILE", help="write a JUnit report")
    command.add_argument("--logs", type=Path, metavar="FOLDER", help="write a log file for each image")
    add_inventory(command)
    add_wait(command)
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> int:
    """Runs the images; the exit code."""
    demand_use(given)
    images = find_images(given.images)
    fail_on = TFLM_FAILED if given.fail_on is None else tuple(given.fail_on)
    try:
        Judge(given.expect, fail_on)
    except ValueError as error:
        raise Misuse(f"--expect, --fail-on: {error}", advice="give a part of one line") from None
    try:
        if given.logs is not None:
            given.logs.mkdir(parents=True, exist_ok=True)
        with _board(given) as board:
            results = _run(given, console, board, images, fail_on)
            name, kind = board.name, board.kind
    except OSError as error:
        raise Misuse(f"{error.filename} cannot be written: {error.strerror}", advice="name another place") from None
    if given.json:
        print(json.dumps(as_json(results, name, kind)))
    elif len(results) > 1:
        show(results, console)
    return 0 if all(result.outcome is Outcome.PASSED for result in results) else 1


def as_json(results: list[Result], name: str, kind: str) -> dict[str, Any]:
    """All results, for programs."""
    counted = Counter(result.outcome for result in results)
    return {
        "board": name,
        "kind": kind,
        "counts": {outcome.value: counted[outcome] for outcome in Outcome},
        "images": [
            {
                "name": result.name,
                "path": str(result.path),
                "sha256": result.sha256,
                "outcome": result.outcome.value,
                "detail": result.detail,
                "seconds": round(result.seconds, 3),
                "log": result.log.splitlines(),
            }
            for result in results
        ],
    }


def show(results: list[Result], console: Console) -> None:
    """A table of all results, and their counts."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("image", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("s", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for result in results:
        why = "" if result.outcome is Outcome.PASSED else _shortened(result.detail)
        table.add_row(
            Text(result.name), _verdict(result), f"{result.seconds:.1f}" if result.seconds else "-", Text(why)
        )
    console.print(table)
    counted = Counter(result.outcome for result in results)
    console.print(", ".join(f"{counted[outcome]} {outcome.value}" for outcome in Outcome if counted[outcome]))


def _run(
    given: argparse.Namespace, console: Console, board: ImageBoard, images: dict[str, Path], fail_on: tuple[str, ...]
) -> list[Result]:
    results: list[Result] = []

    def say(text: Text | str) -> None:
        if not given.json:
            console.print(text, markup=False, soft_wrap=True)

    try:
        for result in run_suite(
            board,
            images,
            lambda: Judge(given.expect, fail_on),
            Limits(given.timeout, given.silence),
            begins=lambda name: say(Text(f"{name}: flashing {board.name}", style="bold")),
            shown=say,
            logs=given.logs,
        ):
            results.append(result)
            say(Text.assemble(f"{result.name}: ", _verdict(result), f": {_shortened(result.detail)}"))
    finally:
        # A run that is interrupted leaves a report of what it did.
        if given.junit is not None:
            from harness.images.junit import write_junit

            write_junit(given.junit, results, board=board.name, kind=board.kind)
    return results


@contextlib.contextmanager
def _board(given: argparse.Namespace) -> Iterator[ImageBoard]:
    """The board, let go at the end. An emulated one is blank, and gone at the end."""
    if is_pico(given.board):
        pico = open_pico(given)
        try:
            yield pico
        finally:
            pico.close()
        return
    if given.board == "host":
        raise Misuse("an emulated board or a Pico expected, the host board came", advice="use --board emulator")
    from harness.boards.emulator.board import EmulatorBoard

    with tempfile.TemporaryDirectory(prefix="tflm-hil-") as folder:
        emulated = EmulatorBoard(None, given.board, Path(folder))
        try:
            yield emulated
        finally:
            emulated.close()


def _verdict(result: Result) -> Text:
    return Text(result.outcome.value, style=_STYLES.get(result.outcome, "bold yellow"))


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[:_SHOWN_CHARS]}..."
