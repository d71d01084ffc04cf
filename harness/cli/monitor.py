"""`tflm-hil monitor BOARD`: what a board says, as it says it. Nothing is sent to it."""

from __future__ import annotations

import argparse
import contextlib
import json
import queue
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.boards.board import Board
from harness.boards.pico.waiting import poll
from harness.boards.remote.board import is_remote
from harness.cli.arguments import Commands, add_board, add_json, seconds
from harness.cli.choice import demand_use, open_anywhere
from harness.deadline import Deadline
from harness.errors import BoardNotFound, LinkLost
from harness.protocol.client import Client
from harness.protocol.devicelog import Kind, Line, printable
from harness.protocol.record import BadRecord, decode_record

# A board that says more than a terminal shows must not fill this computer's memory.
_MAX_BATCHES = 10_000
# How long it may take until it is seen that the port went, or that the time is up.
_LOOK_SECONDS = 0.1
# A Pico that restarts is away for some seconds, and its server has to open its port again.
_BACK_SECONDS = 20.0
_AGAIN_SECONDS = 0.5
_STAYS_SECONDS = 0.5
_STYLES = {Kind.LOG: "", Kind.COMMAND: "cyan", Kind.RECORD: "green"}
_FOREVER = 10.0 * 365 * 86_400


class Heard:
    """What the board has said and nobody was shown yet. `take` is a sink of its log; it never waits."""

    def __init__(self) -> None:
        self._batches: queue.Queue[tuple[float, Kind, list[bytes]]] = queue.Queue(_MAX_BATCHES)
        self._lost = 0

    def take(self, time: float, kind: Kind, lines: list[bytes]) -> None:
        """Keeps lines, or counts them where there are too many."""
        try:
            self._batches.put_nowait((time, kind, lines))
        except queue.Full:
            self._lost += len(lines)

    def next(self, seconds: float) -> Iterator[tuple[Line, bytes]]:
        """The lines that came together next, and their bytes; nothing if none come in time."""
        try:
            time, kind, lines = self._batches.get(timeout=seconds) if seconds else self._batches.get_nowait()
        except queue.Empty:
            return
        for raw in lines:
            yield Line(time, kind, printable(raw)), raw
        if self._lost:
            lost, self._lost = self._lost, 0
            yield Line(time, Kind.LOG, f"(monitor) {lost:,} lines left out: they come faster than they are shown"), b""


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "monitor",
        help="show what a board says",
        description="Shows a board's log lines and records as they come, until Ctrl-C. Sends nothing to the board; "
        "follows a Pico that restarts.",
    )
    add_board(command)
    command.add_argument(
        "--seconds", type=seconds, metavar="N", help="end after so long (default: with Ctrl-C, or with the port)"
    )
    add_json(command, "print one JSON object per line, for programs")
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> None:
    """Shows what the board says until the time is up, the port goes for good, or Ctrl-C."""
    # Nothing is flashed; an emulated board does not start without one.
    demand_use(given, never=("--firmware",))
    heard = Heard()
    board = open_anywhere(given)
    try:
        remove = board.log.add_sink(heard.take)
        try:
            # Ctrl-C is how one ends this.
            with contextlib.suppress(KeyboardInterrupt):
                _follow(
                    board, heard, Deadline(_FOREVER if given.seconds is None else given.seconds), given.json, console
                )
        finally:
            remove()
    finally:
        board.close()


def _follow(board: Board, heard: Heard, deadline: Deadline, as_json: bool, console: Console) -> None:
    client = board.connect()
    # A board is silent until it is spoken to: without a word, nobody would know that all is well.
    _remark(f"{board.name}: listening; Ctrl-C ends it")
    while _listen(client, heard, deadline, as_json, console):
        client.close()
        if board.kind != "pico":
            # Another connection would start another device.
            raise LinkLost(f"{board.name}: the port is gone")
        _remark(f"{board.name}: the port is gone; waiting for the board")
        if is_remote(board.name):
            again = _connected_again(board, deadline)
            if again is None:
                return
            client = again
        else:
            client = board.connect()
        _remark(f"{board.name}: the board is back")


def _connected_again(board: Board, deadline: Deadline) -> Client | None:
    """The line to a board on another computer, once it stays; None if the time is up before.

    Raises:
        LinkLost: it does not come back.
    """
    said = "the server closes the connection"

    def attempt() -> Client | None:
        nonlocal said
        try:
            client = board.connect()
        except (BoardNotFound, LinkLost) as error:
            said = error.message
            return None
        # A server that has lost its port takes a connection before it sees that, and closes it.
        gone = poll(lambda: None if client.usable else True, Deadline(min(_STAYS_SECONDS, deadline.remaining())))
        # Nor is one known to stay that there was no time to look at.
        return None if gone or deadline.expired() else client

    client = poll(attempt, Deadline(min(_BACK_SECONDS, deadline.remaining())), pause=_AGAIN_SECONDS)
    if client is None and not deadline.expired():
        raise LinkLost(
            f"{board.name}: the port did not come back within {_BACK_SECONDS:.0f} s: {said}",
            advice="look after the board and the server on the computer that it is plugged into",
        )
    return client


def _listen(client: Client, heard: Heard, deadline: Deadline, as_json: bool, console: Console) -> bool:
    """Shows what comes; returns whether the port went before the time was up."""
    while True:
        # Asked first: what came before the port went is in `heard` by then.
        gone, late = not client.usable, deadline.expired()
        some = False
        for line, raw in heard.next(0 if gone or late else min(_LOOK_SECONDS, deadline.remaining())):
            some = True
            _show(line, raw, as_json, console)
        # Whoever never falls silent ends in time all the same.
        if late or (gone and not some):
            return not late


def _remark(text: str) -> None:
    """Tells the person something that the board has not said."""
    Console(stderr=True, highlight=False).print(text, markup=False, soft_wrap=True)


def _show(line: Line, raw: bytes, as_json: bool, console: Console) -> None:
    if as_json:
        print(json.dumps({"time": line.time, "kind": line.kind.name.lower(), "text": line.text}), flush=True)
        return
    shown = Line(line.time, line.kind, readable(raw)) if line.kind is Kind.RECORD else line
    console.print(Text(str(shown), style=_STYLES[line.kind]), soft_wrap=True)


def readable(raw: bytes) -> str:
    """A record for people: its type, then keys and values; as it came where it is none."""
    try:
        record = decode_record(raw.removeprefix(b"\x1e"))
    except BadRecord as error:
        return f"(broken: {error}) {printable(raw)}"
    record.pop("n")
    words = [str(record.pop("type")), *(f"{key}={_value(value)}" for key, value in record.items())]
    # JSON has escapes for every control character: what came out of it is made harmless anew.
    return printable(" ".join(words).encode("utf-8", "backslashreplace"))


def _value(value: Any) -> str:
    if isinstance(value, str) and value and " " not in value:
        return value
    return json.dumps(value, ensure_ascii=False)
