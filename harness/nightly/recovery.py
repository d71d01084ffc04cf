"""Brings back boards that hang, before a night and after it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.boards.remote.board import is_remote
from harness.cli.choice import is_pico
from harness.deadline import Deadline
from harness.nightly.own_command import own_command
from harness.nightly.plan import Plan
from harness.nightly.programs import Programs
from harness.record.text import line

_ASK_SECONDS = 60.0
_RESET_SECONDS = 180.0
_MAX_ANSWER = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """Whether a board answers.

    Attributes:
        good: whether it does.
        text: what it said, or why it did not.
    """

    good: bool
    text: str


def bring_back(plan: Plan, board: str, folder: Path, programs: Programs, deadline: Deadline, when: str) -> list[str]:
    """Asks the board, and resets it by all means if it does not answer.

    Boards that are programs start anew with every run; there is nothing to bring back. A Pico without our firmware does
    not answer either, and is left to the run, which flashes it.

    Args:
        plan: of the night.
        board: the text for --board.
        folder: where logs go.
        programs: starts the commands.
        deadline: of the board.
        when: "before" or "after" the tests.

    Returns:
        What a person should hear of.
    """
    if not is_pico(board):
        return []
    first = _ask(plan, board, folder / f"{when}.log", programs, deadline)
    if first.good:
        return []
    log = folder / f"{when}-reset.log"
    command = own_command("reset", board, *_inventory(plan, board))
    programs.run(command, seconds=min(_RESET_SECONDS, deadline.remaining()), log=log)
    second = _ask(plan, board, folder / f"{when}-reset-answer.log", programs, deadline)
    if second.good:
        return [f"did not answer {when} the tests ({first.text}), a reset brought it back"]
    return [f"did not answer {when} the tests, and a reset did not bring it back ({second.text})"]


def _ask(plan: Plan, board: str, log: Path, programs: Programs, deadline: Deadline) -> Answer:
    command = own_command("doctor", "--board", board, "--json", *_inventory(plan, board))
    ended = programs.run(command, seconds=min(_ASK_SECONDS, deadline.remaining()), log=log)
    if ended.how != "ended":
        return Answer(False, ended.reason or f"no answer within {ended.seconds:.0f} s")
    return _answer_in(log, board)


def _answer_in(log: Path, board: str) -> Answer:
    with log.open("rb") as file:
        said = file.read(_MAX_ANSWER)
    for check in _checks(said):
        if check.get("name") == f"answer of {board}":
            return Answer(check.get("ok") is True, line(check.get("text", ""), 120))
    return Answer(False, line(said[-200:].decode(errors="replace").strip() or "no answer", 120))


def _checks(said: bytes) -> Sequence[dict[str, Any]]:
    # What other programs have written to the terminal may stand around it.
    for text in said.splitlines():
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict) and isinstance(told.get("checks"), list):
            return [check for check in told["checks"] if isinstance(check, dict)]
    return []


def _inventory(plan: Plan, board: str) -> tuple[str, ...]:
    # A board on another computer has no place here.
    return () if plan.inventory is None or is_remote(board) else ("--inventory", str(plan.inventory))
