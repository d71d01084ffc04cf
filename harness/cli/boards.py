"""`tflm-hil boards`: what can be used now."""

from __future__ import annotations

import argparse
import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.boards.select import available


def run(given: argparse.Namespace, console: Console) -> None:
    """Lists the boards."""
    boards = available(firmware=given.firmware)
    if given.json:
        print(json.dumps({"boards": [{"name": b.name, "usable": b.usable, "about": b.about} for b in boards]}))
        return
    table = Table(box=None, pad_edge=False)
    for column in ("board", "usable", "about"):
        table.add_column(column, overflow="fold")
    for board in boards:
        usable = Text("yes", style="green") if board.usable else Text("no", style="red")
        table.add_row(Text(board.name), usable, Text(board.about))
    console.print(table)
