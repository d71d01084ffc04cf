"""`tflm-hil boards`: what can be used now."""

from __future__ import annotations

import argparse
import json
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.boards.pico.list import Listed, list_boards
from harness.boards.pico.usb import Mode
from harness.boards.select import available
from harness.cli.arguments import Commands, add_firmware, add_inventory, add_json
from harness.cli.choice import inventory_of

# What is told of a board that is not there: its words and its keys.
_ABSENT = (("serial", "serial"), ("USB port", "port_path"))


def add(commands: Commands) -> None:
    """Declares the command and its arguments."""
    command = commands.add_parser("boards", help="list the boards that can be used now")
    add_firmware(command)
    add_inventory(command)
    add_json(command)
    command.set_defaults(run=run)


def run(given: argparse.Namespace, console: Console) -> None:
    """Lists the boards. None of them is spoken to: a run that has one is not disturbed."""
    inventory = inventory_of(given)
    boards = available(firmware=given.firmware, inventory=inventory)
    picos = {pico.name: details(pico) for pico in list_boards(inventory)}
    if given.json:
        told = [{"name": b.name, "usable": b.usable, "about": b.about, **picos.get(b.name, {})} for b in boards]
        print(json.dumps({"boards": told}))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("board", "usable", "about"):
        table.add_column(column, overflow="fold")
    for board in boards:
        usable = Text("yes", style="green") if board.usable else Text("no", style="red")
        table.add_row(Text(board.name), usable, Text(_about(board.about, picos.get(board.name))))
    console.print(table)


def details(board: Listed) -> dict[str, Any]:
    """What is known of a Pico without asking it. What a firmware is called it says itself; its build only if asked."""
    device, entry, holder = board.device, board.entry, board.holder
    running = device is not None and device.mode in (Mode.APPLICATION, Mode.OTHER)
    return {
        "serial": (device.own_serial if device else None) or (entry.serial if entry else None),
        "port_path": device.port_path if device else entry.port if entry else None,
        "mode": device.mode.value if device else None,
        "firmware": (device.product or None) if device and running else None,
        "ttys": [str(tty) for tty in device.ttys] if device else [],
        "holder": {"pid": holder.pid, "command": holder.command, "since": holder.since} if holder else None,
        "notes": entry.notes if entry else "",
    }


def _about(about: str, pico: dict[str, Any] | None) -> str:
    if pico is None:
        return about
    firmware = f"; firmware {pico['firmware']}" if pico["firmware"] and pico["mode"] == Mode.APPLICATION.value else ""
    place = "" if pico["mode"] else "".join(f"; {key} {pico[name]}" for key, name in _ABSENT if pico[name])
    return f"{about}{firmware}{place}" + (f"; {pico['notes']}" if pico["notes"] else "")
