"""`tflm-hil nightly NIGHTS`: every board tested, compared and told of, without anybody there."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import signal
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import FrameType

import msgspec
from rich.console import Console

from harness.boards.pico.inventory import load_inventory
from harness.cli.arguments import Commands, add_firmware, add_inventory, add_json, seconds, size_in_bytes
from harness.cli.choice import inventory_of
from harness.cli.runs import BASELINES, add_configuration, nights
from harness.errors import Misuse
from harness.nightly.cleanup import Retention
from harness.nightly.plan import Plan
from harness.nightly.run import folder_name, run_night
from harness.nightly.status import GOOD
from harness.regression.baseline import check_configuration
from harness.regression.comparability import ACCEPTABLE
from harness.regression.judge import NIGHTS

_EXIT_BAD = 1
_EXIT_INTERRUPTED = 130
_MOST_RETRIES = 5


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "nightly",
        help="test every board, compare with the nights before, and tell of it in one line",
        description="Runs pytest on each board by itself, at the same time, and each with a deadline; runs again what "
        "failed, without hiding that; compares the figures; leaves all of it in a folder NIGHTS/DATE.",
        epilog="Exit codes: 0 all boards passed (also with tests that passed only when run again, which the line "
        "calls FLAKY; see --strict), 1 anything else, 2 wrong arguments, 130 stopped. The environment's "
        "TFLM_HIL_WEBHOOK has the line posted to a chat. See docs/nightly.md.",
    )
    command.add_argument("nights", type=Path, metavar="NIGHTS", help="folder of all nights; made if it is not there")
    command.add_argument(
        "--board", action="append", metavar="NAME", help="a board, repeatable (default: all of the inventory)"
    )
    add_inventory(command)
    command.add_argument(
        "--tests", action="append", default=[], metavar="PATH", help="tests, repeatable (default: as pytest.ini says)"
    )
    command.add_argument(
        "--pytest", metavar="ARGUMENTS", help="further arguments for pytest, such as --pytest='-m slow'"
    )
    add_firmware(command)
    command.add_argument("--build", metavar="COMMAND", help="build the firmware first, such as 'make firmware'")
    command.add_argument(
        "--baseline", type=Path, metavar="DIR", help=f"folder of baselines (default: {BASELINES}, if there is one)"
    )
    add_configuration(command)
    command.add_argument(
        "--accept", action="append", choices=ACCEPTABLE, default=[], metavar="CONDITION", help="as of `regress`"
    )
    command.add_argument(
        "--compare",
        type=nights,
        default=NIGHTS,
        metavar="N",
        help=f"compare with the last N nights (default: {NIGHTS})",
    )
    command.add_argument(
        "--deadline",
        type=seconds,
        default=3600.0,
        metavar="SECONDS",
        help="for everything with a board (default: 3600)",
    )
    command.add_argument(
        "--retries", type=_retries, default=1, metavar="N", help="run what failed again so often (default: 1)"
    )
    command.add_argument("--strict", action="store_true", help="exit with 1 also if tests passed only when run again")
    command.add_argument(
        "--keep-nights", type=nights, default=14, metavar="N", help="never remove the newest N nights (default: 14)"
    )
    command.add_argument(
        "--keep-days", type=nights, default=90, metavar="N", help="remove older nights that passed (default: 90)"
    )
    command.add_argument(
        "--keep-free",
        type=size_in_bytes,
        default=2 * 1024**3,
        metavar="SIZE",
        help="remove the oldest nights that passed until the disk has so much free (default: 2 GiB)",
    )
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> int:
    """Runs a night and returns the exit code."""
    plan = plan_of(given)
    log = Console(stderr=True, highlight=False)
    with _ending_as_by_ctrl_c():
        night = run_night(
            plan,
            now=datetime.now().astimezone(),
            progress=lambda text: log.print(f"{datetime.now():%H:%M:%S} {text}", markup=False, soft_wrap=True),
        )
    if given.json:
        print(msgspec.json.encode(night).decode())
    else:
        console.print(night.line, markup=False, soft_wrap=True)
        for note in night.notes:
            log.print(note, markup=False, soft_wrap=True)
        log.print(f"reports: {plan.nights / night.folder}", markup=False, soft_wrap=True)
    if night.verdict == "interrupted":
        return _EXIT_INTERRUPTED
    return 0 if night.verdict in GOOD and not (given.strict and night.verdict == "flaky") else _EXIT_BAD


def plan_of(given: argparse.Namespace) -> Plan:
    """The plan that the arguments mean.

    Raises:
        Misuse: they contradict each other.
        InventoryError: the inventory is wrong.
    """
    inventory = inventory_of(given)
    boards = given.board or list(load_inventory(inventory).entries)
    if not boards:
        raise Misuse(
            "nightly: a board expected, none came", advice="name boards with --board, or in an inventory, boards.yaml"
        )
    names = [folder_name(board) for board in boards]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Misuse(f"nightly: each board once expected, {', '.join(twice)} came twice", advice="leave one out")
    return Plan(
        nights=given.nights,
        boards=tuple(boards),
        tests=tuple(given.tests),
        arguments=() if given.pytest is None else _split("--pytest", given.pytest),
        firmware=given.firmware,
        build=None if given.build is None else _split("--build", given.build),
        inventory=None if inventory is None else inventory.absolute(),
        baselines=given.baseline,
        configuration=check_configuration(given.configuration),
        accept=tuple(given.accept),
        compared_nights=given.compare,
        board_seconds=given.deadline,
        retries=given.retries,
        keep=Retention(given.keep_nights, given.keep_days, given.keep_free),
    )


def _split(option: str, text: str) -> tuple[str, ...]:
    """The words of a text, as a shell would take them apart; no shell sees them."""
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise Misuse(f"{option}: words expected: {error}", advice="close the quotes") from None
    if not parts:
        raise Misuse(f"{option}: words expected, none came", advice=f"leave {option} out")
    return tuple(parts)


def _retries(text: str) -> int:
    if not text.isdecimal() or len(text) > 2 or int(text) > _MOST_RETRIES:
        raise argparse.ArgumentTypeError(f"a number from 0 to {_MOST_RETRIES} expected, came {text!r}")
    return int(text)


@contextlib.contextmanager
def _ending_as_by_ctrl_c() -> Iterator[None]:
    """Has systemd's SIGTERM end the night as Ctrl-C does: with a result.

    A shell that starts a program in the background has it ignore SIGINT, and so would pytest, which it is asked to end
    with.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: _interrupt}
    before = {number: signal.signal(number, handler) for number, handler in wanted.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
