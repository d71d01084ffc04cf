"""The operators of a profiled invoke, as a table for people and as plain values for programs."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from harness.measure.latency import format_duration
from harness.measure.profile import OpTime, Profile

# A model that loops runs hundreds; JUnit and JSON have them all.
_MOST_ROWS = 64


def profile_table(model: str, profile: Profile) -> Group:
    """Operators in order of execution, with their share of the time of all, and what they computed.

    Operators that another one runs (IF, WHILE, CALL_ONCE) are indented below it; its time has theirs in it.
    """
    computes = profile.macs is not None
    cycles = computes and profile.clock_hz is not None
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("#", justify="right")
    table.add_column("operator", overflow="fold")
    for name in ("time", "share", *(("MACs",) if computes else ()), *(("cycles/MAC",) if cycles else ())):
        table.add_column(name, justify="right", no_wrap=True)

    def row(index: str, name: str, us: float, macs: int | None, per_mac: float | None) -> None:
        share = us / profile.microseconds if profile.microseconds else 0.0
        computed = ["-" if macs is None else f"{macs:,}"] if computes else []
        computed += ["-" if per_mac is None else f"{per_mac:.2f}"] if cycles else []
        table.add_row(index, Text(name), format_duration(us), f"{share:.1%}", *computed)

    for op in profile.ops[:_MOST_ROWS]:
        row(str(op.index), "  " * (op.depth or 0) + op.name, op.microseconds, op.macs, profile.cycles_per_mac_of(op))
    rest = Profile(profile.ops[_MOST_ROWS:], profile.clock_hz)
    if rest.ops:
        row("", f"{len(rest.ops)} more", rest.microseconds, rest.macs, None)
    if computes:
        row("", "all", profile.microseconds, profile.macs, profile.cycles_per_mac)
    several = f", median of {profile.repeats}" if profile.repeats > 1 else ""
    # A title of the table's own would be folded to its width.
    title = f"operators of {model}, one invoke{several}: {format_duration(profile.microseconds)}"
    notes = [] if profile.matched else [Text("not certain which operators of the model these are: no MACs")]
    return Group(Text(title), table, *notes)


def profile_json(profile: Profile) -> dict[str, Any]:
    """All figures. Durations in microseconds; None where something is not known."""
    return {
        "repeats": profile.repeats,
        "us": profile.microseconds,
        "macs": profile.macs,
        "cycles_per_mac": profile.cycles_per_mac,
        "matched": profile.matched,
        "ops": [_op_json(profile, op) for op in profile.ops],
    }


def _op_json(profile: Profile, op: OpTime) -> dict[str, Any]:
    return {
        "index": op.index,
        "name": op.name,
        "depth": op.depth,
        "us": op.microseconds,
        "share": profile.share(op),
        "macs": op.macs,
        "cycles": profile.cycles(op),
        "cycles_per_mac": profile.cycles_per_mac_of(op),
    }
