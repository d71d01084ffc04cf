"""The operators of a profiled invoke, as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from harness.measure.latency import format_duration
from harness.measure.profile import OpTime

# A model that loops runs hundreds; JUnit and JSON have them all.
_MOST_ROWS = 64


def profile_table(model: str, ops: Sequence[OpTime]) -> Group:
    """Operators in order of execution, with their share of the time of all."""
    total = sum(op.microseconds for op in ops)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("#", justify="right")
    table.add_column("operator", overflow="fold")
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    for op in ops[:_MOST_ROWS]:
        share = op.microseconds / total if total else 0.0
        table.add_row(str(op.index), Text(op.name), format_duration(op.microseconds), f"{share:.1%}")
    if len(ops) > _MOST_ROWS:
        rest = sum(op.microseconds for op in ops[_MOST_ROWS:])
        table.add_row("", f"{len(ops) - _MOST_ROWS} more", format_duration(rest), f"{rest / total if total else 0:.1%}")
    # A title of the table's own would be folded to its width.
    return Group(Text(f"operators of {model}, one invoke: {format_duration(total)}"), table)
