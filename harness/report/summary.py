"""The table at the end of a run: one line per model, read at a glance."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.measure.latency import Latency
from harness.measure.measurement import Conditions, Measurement
from harness.measure.profile import OpTime, Profile
from harness.report.latency import modes_in_words
from harness.report.profile import profile_table

# Figures travel from the process that measured to the one that reports as plain values.
Figures = dict[str, Any]
# In fewer columns names would be folded to single letters.
_MIN_WIDTH = 80
# From here on, there is room for two spaces between columns.
_ROOMY_WIDTH = 90


def figures(measurement: Measurement) -> Figures:
    """What the table needs of a measurement, in types that any serialiser takes."""
    latency = measurement.latency
    return {
        "model": measurement.model,
        "sha256": measurement.sha256,
        "board": _board(measurement.conditions),
        "bits": measurement.conditions.pointer_bits,
        "used": measurement.arena.used,
        "minimum": measurement.arena.minimum,
        "cold_us": measurement.samples_us[:1],
        "samples_us": measurement.samples_us[1:] or measurement.samples_us,
        "modes": "" if latency is None or latency.modes is None else modes_in_words(latency.modes),
        "clock_hz": measurement.conditions.clock_hz,
        "profile": [astuple(op) for op in measurement.profile],
        "comparisons": [[c.what, c.equal_steps, c.steps] for c in measurement.comparisons],
    }


def _board(conditions: Conditions) -> str:
    """Kind and serial number; a host board's serial number begins with its kind."""
    named = conditions.serial.startswith(conditions.kind)
    return conditions.serial if named else f"{conditions.kind} {conditions.serial}"


@dataclass
class _Row:
    model: str
    board: str
    bits: int
    used: set[int] = field(default_factory=set)
    minimum: set[int] = field(default_factory=set)
    cold: list[float] = field(default_factory=list)
    samples: list[float] = field(default_factory=list)
    modes: list[str] = field(default_factory=list)
    equal: int = 0
    steps: int = 0
    different: str = ""
    clock_hz: int | None = None
    profile: list[OpTime] = field(default_factory=list)
    passed: int = 0
    failed: list[str] = field(default_factory=list)


class SummaryTable:
    """Collects the figures of a run's tests."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], _Row] = {}

    def add(self, nodeid: str, passed: bool, of_test: Iterable[Figures]) -> None:
        """Adds a test's figures and its outcome."""
        touched: dict[tuple[str, str, str], _Row] = {}
        for item in of_test:
            # Two files may have one name; their figures are not mixed.
            key = (item["model"], item["board"], item["sha256"])
            row = self._rows.setdefault(key, _Row(item["model"], item["board"], item["bits"]))
            touched[key] = row
            if item["used"] is not None:
                row.used.add(item["used"])
            if item["minimum"] is not None:
                row.minimum.add(item["minimum"])
            row.cold.extend(item["cold_us"])
            row.samples.extend(item["samples_us"])
            if item["modes"] and item["modes"] not in row.modes:
                row.modes.append(item["modes"])
            row.clock_hz = item["clock_hz"]
            row.profile = [OpTime(*op) for op in item["profile"]] or row.profile
            for what, equal, steps in item["comparisons"]:
                if passed and equal < steps:
                    # What the test wanted to see, or it would not have passed.
                    continue
                row.equal += equal
                row.steps += steps
                if equal < steps:
                    row.different = f"differ from {what}"
        for row in touched.values():
            if passed:
                row.passed += 1
            else:
                row.failed.append(nodeid)

    def __bool__(self) -> bool:
        return bool(self._rows)

    def render(self, width: int, *, color: bool) -> str:
        """The table as text for a terminal of `width` columns; one of less than 80 has to wrap its lines.

        Boards have a column if there are several; a single one is named at the start of the run. Models whose operators
        were timed have a table of them.
        """
        several = len({row.board for row in self._rows.values()}) > 1
        roomy = width >= _ROOMY_WIDTH
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0) if roomy else 0)
        table.add_column("model", overflow="fold")
        if several:
            table.add_column("board", overflow="fold")
        minima = any(row.minimum for row in self._rows.values())
        table.add_column("arena / min B" if minima else "arena B", justify="right", no_wrap=True)
        table.add_column("cold", justify="right", no_wrap=True)
        table.add_column("median", justify="right", no_wrap=True)
        table.add_column("p95", justify="right", no_wrap=True)
        table.add_column("outputs", overflow="fold")
        table.add_column("verdict", overflow="fold")
        for key in sorted(self._rows):
            row = self._rows[key]
            table.add_row(Text(row.model), *([Text(row.board)] if several else []), *self._cells(row))
        text = io.StringIO()
        console = Console(
            file=text, width=max(width, _MIN_WIDTH), force_terminal=color, no_color=not color, highlight=False
        )
        console.print(table)
        if any(row.bits == 64 for row in self._rows.values()):
            note = "arena bytes of the host board are those of a 64-bit computer; a Pico needs fewer"
            console.print(note, style="dim")
        for row in self._rows.values():
            for modes in row.modes:
                console.print(f"{row.model} has two modes: {modes}", markup=False)
            if row.profile:
                console.print()
                console.print(profile_table(row.model, Profile(tuple(row.profile), row.clock_hz)))
        return text.getvalue()

    @staticmethod
    def _cells(row: _Row) -> list[Text]:
        # Of several, the least: a session that counts categories or preserves tensors takes more than a product does.
        used = f"{min(row.used):,}" if row.used else "-"
        if row.minimum:
            used += f" / {min(row.minimum):,}"
        cold = _short(Latency(tuple(row.cold)).median) if row.cold else "-"
        median = p95 = "-"
        if row.samples:
            statistics = Latency(tuple(row.samples))
            median, p95 = _short(statistics.median), _short(statistics.p95)
        outputs = f"{row.different or '='} {row.equal:,}/{row.steps:,}" if row.steps else "-"
        if row.failed:
            tests = len(row.failed) + row.passed
            verdict = Text(f"FAIL {len(row.failed)}/{tests}", style="bold red")
        else:
            verdict = Text("pass", style="green")
        return [Text(used), Text(cold), Text(median), Text(p95), Text(outputs), verdict]


def _short(us: float) -> str:
    """A duration in microseconds with three figures, for a column."""
    # What would be rounded up to 1000 of a unit is 1 of the next.
    unit, size = ("us", 1.0) if us < 999.5 else ("ms", 1e3) if us < 999_500 else ("s", 1e6)
    value = us / size
    return f"{value:.3g} {unit}" if value < 999.5 else f"{value:,.0f} {unit}"
