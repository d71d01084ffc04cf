"""`tflm-hil flash BOARD`: the firmware and models onto a board, without any test."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from harness.bench import Bench
from harness.boards.board import Board
from harness.boards.pico.board import PicoBoard
from harness.boards.remote.board import is_remote
from harness.cli.arguments import Commands, add_board, add_json
from harness.cli.choice import demand_use, open_chosen
from harness.errors import Misuse
from harness.models.library import ModelLibrary


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "flash",
        help="bring the firmware, and models, onto a board",
        description="Flashes a board with the firmware and these models, unless it has them already.",
    )
    add_board(command)
    command.add_argument("models", type=Path, nargs="*", metavar="MODEL.tflite", help="models to go with it")
    command.add_argument("--always", action="store_true", help="flash it even if it has all that already")
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> None:
    """Flashes the board if it does not have all that already.

    Raises:
        Misuse: an option would do nothing for this board.
        FlashFailed, BoardNotFound, ...: the board cannot be used, or cannot be flashed from here.
    """
    demand_use(given)
    if given.always and is_remote(given.board):
        raise Misuse(
            f"--always: a board that is plugged into this computer expected, {given.board!r} is on another one",
            advice="leave --always out, or flash it on the computer that it is plugged into",
        )
    library = ModelLibrary()
    # Before the board is taken: a wrong file is known at once.
    models = [library.find(path) for path in given.models]
    bench = Bench(open_chosen(given), library, flash="always" if given.always else "auto")
    try:
        with _progress(bench.board, shown=not given.json):
            did = bench.prepare(models)
        for notice in bench.notices:
            Console(stderr=True, highlight=False).print(f"warning: {notice}", markup=False)
        name, told = bench.board.name, bench.identity
        if given.json:
            answer = {"board": name, "flashed": did.done, "text": did.text}
            print(json.dumps({**answer, "build": told.build, "serial": told.serial, "pack_crc": told.pack_crc}))
        else:
            console.print(f"{name}: {did.text}; firmware {told.build} answers", markup=False)
    finally:
        bench.close()


@contextlib.contextmanager
def _progress(board: Board, *, shown: bool) -> Iterator[None]:
    """A bar for each step of a Pico's flashing, on a terminal. Other boards tell of no steps."""
    terminal = Console(stderr=True)
    if not shown or not terminal.is_terminal or not isinstance(board, PicoBoard):
        yield
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=terminal) as bars:

        def report(step: str, percent: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=100)
            bars.update(tasks[step], completed=percent)

        board.progress = report
        yield
