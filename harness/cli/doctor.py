"""`tflm-hil doctor`: whether this computer, and a board, have what tests need."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from harness.answers import conditions_of
from harness.boards.emulator import availability as emulator
from harness.boards.pico.inventory import load_inventory
from harness.boards.pico.list import list_boards
from harness.boards.pico.lock import lock_folder
from harness.boards.pico.names import resolve
from harness.boards.pico.picotool import find_picotool
from harness.boards.pico.usb import this_computer
from harness.boards.remote.board import is_remote
from harness.cli.arguments import Commands, add_firmware, add_inventory, add_json, add_wait
from harness.cli.choice import demand_use, inventory_of, is_pico, open_anywhere
from harness.cli.system import Check, dialout, modem_manager, permissions, udev_rules
from harness.crash.report import explain_crash
from harness.errors import BoardNotFound, DeviceCrashed, HarnessError
from harness.flash.firmware import Firmware, find_firmware
from harness.protocol.messages import Identity
from harness.tflm import availability as tflm

_INSTALL = "install it anew: `pip install -e .` in the project's folder"


@dataclass(frozen=True)
class Needs:
    """What is needed: of which kind of board; without one, only what every board needs."""

    board: str | None

    @property
    def host(self) -> bool:
        return self.board == "host"

    @property
    def remote(self) -> bool:
        return self.board is not None and is_remote(self.board)

    @property
    def pico(self) -> bool:
        return self.board is not None and is_pico(self.board) and not self.remote

    @property
    def emulator(self) -> bool:
        return self.board is not None and not (self.host or self.pico or self.remote)


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser(
        "doctor",
        help="check this computer, and a board, for what tests need",
        description="One line per check, and what to do where something is wrong.",
        epilog="Exit code 1 if something is wrong that the board needs; without --board, that every board needs.",
    )
    command.add_argument("--board", metavar="NAME", help="also ask this board; see `tflm-hil boards`")
    add_firmware(command)
    add_inventory(command)
    add_wait(command)
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> int:
    """Checks all of it; the exit code says whether something that is needed is wrong."""
    demand_use(given, always=("--firmware", "--inventory"))
    checks = list(examine(given))
    bad = any(check.needed and not check.ok for check in checks)
    if given.json:
        told = [
            {
                "name": check.name,
                "ok": check.ok,
                "needed": check.needed,
                "text": check.text,
                "details": check.details,
                "fix": None if check.ok else check.fix,
            }
            for check in checks
        ]
        print(json.dumps({"ok": not bad, "checks": told}))
    else:
        _show(checks, console)
    return 1 if bad else 0


def examine(given: argparse.Namespace) -> Iterable[Check]:
    """All checks, in the order in which a person would repair things."""
    needs = Needs(given.board)
    inventory = inventory_of(given)
    yield _python()
    yield _tflm(needs)
    yield _emulator(needs)
    yield _guarded("firmware", needs.emulator or needs.pico, lambda: _firmware(given.firmware))
    yield _guarded("picotool", needs.pico, _picotool)
    yield udev_rules()
    yield dialout()
    yield modem_manager()
    yield _guarded("boards", needs.pico, lambda: _attached(inventory, needs.pico))
    target = _port_path(given.board, inventory) if needs.pico else None
    yield from permissions(target)
    if given.board is not None:
        yield from _answers(given)


def _guarded(name: str, needed: bool, check: Callable[[], str]) -> Check:
    """A check whose error says itself what is wrong, and what to do."""
    try:
        return Check(name, True, check(), needed=needed)
    except HarnessError as error:
        return Check(name, False, error.message, error.advice, needed=needed)


def _python() -> Check:
    here = f"{platform.python_implementation()} {platform.python_version()}"
    try:
        version = importlib.metadata.version("tflm-hil")
    except importlib.metadata.PackageNotFoundError:
        return Check("python", False, f"{here}; tflm-hil is not installed here", _INSTALL, needed=True)
    return Check("python", True, f"{here}, tflm-hil {version}", needed=True)


def _tflm(needs: Needs) -> Check:
    reason = tflm.why_unavailable()
    if reason is None:
        return Check("TFLM (host board)", True, f"tflite-micro {tflm.version()}", needed=needs.host)
    fix = "use `--board emulator` or a Pico; golden files take the reference's place"
    return Check("TFLM (host board)", False, reason, fix, needed=needs.host)


def _emulator(needs: Needs) -> Check:
    reason = emulator.why_unavailable()
    text = reason or f"rp2040py {emulator.VERSION}"
    return Check("rp2040py (emulator)", reason is None, text, _INSTALL, needed=needs.emulator)


def _firmware(explicit: Path | None) -> str:
    found = find_firmware(explicit, Path.cwd())
    symbols = f"; no names in crash reports: {found.elf_problem}" if found.elf_problem else ""
    return f"{found.path}, build {found.build}{symbols}"


def _picotool() -> str:
    found = find_picotool(lock_folder())
    return f"{found.path}, version {'.'.join(map(str, found.version))}"


def _attached(inventory: Path | None, needed: bool) -> str:
    found = [board.about for board in list_boards(inventory) if board.device is not None]
    if not found and needed:
        raise BoardNotFound("no Pico is attached", advice="check cable and power; many cables only charge")
    return "; ".join(found) or "no Pico is attached"


def _port_path(board: str, inventory: Path | None) -> str | None:
    """Where the board is; None where that is not known, which its answer will tell more of."""
    try:
        return resolve(board, this_computer(), load_inventory(inventory)).port_path
    except HarnessError:
        return None


def _answers(given: argparse.Namespace) -> Iterator[Check]:
    """What the board says of itself, and the crash that it tells of: it does so once, so all of it is shown here."""
    name = f"answer of {given.board}"
    try:
        told, crashed = _ask(given)
    except HarnessError as error:
        yield Check(name, False, error.message, error.advice, needed=True)
        return
    text = f"firmware {told.build}, engine {told.engine}, {told.chip}, serial {told.serial}"
    yield Check(name, True, text, needed=True)
    if crashed is not None:
        first, *more = crashed.message.splitlines()
        details = (*more, *(f"| {line}" for line in crashed.log))
        yield Check(f"crash of {given.board}", False, first, crashed.advice, details=details)


def _ask(given: argparse.Namespace) -> tuple[Identity, DeviceCrashed | None]:
    board = open_anywhere(given)
    try:
        client = board.connect()
        told = client.identify()
        if client.crash is None:
            return told, None
        conditions = conditions_of(board.kind, told).describe(board.place)
        firmware = board.firmware or (_built(given.firmware) if is_pico(given.board) else None)
        return told, explain_crash(client.crash, told, firmware, command="", conditions=conditions, log=())
    finally:
        board.close()


def _built(explicit: Path | None) -> Firmware | None:
    """The firmware that a Pico was perhaps flashed with, for the names of functions."""
    try:
        return find_firmware(explicit, Path.cwd())
    except HarnessError:
        # A check of its own has said so.
        return None


def _show(checks: Iterable[Check], console: Console) -> None:
    for check in checks:
        word = ("ok     ", "green") if check.ok else ("problem", "red" if check.needed else "yellow")
        fix = f" -> {check.fix}" if not check.ok and check.fix else ""
        console.print(Text.assemble(word, f"  {check.name}: {check.text}{fix}"), soft_wrap=True)
        for line in check.details:
            console.print(Text(f"           {line}"), soft_wrap=True)
