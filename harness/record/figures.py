"""The figures of a run: single numbers with a name, which can be compared with those of another run."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import NamedTuple

import msgspec

from harness.record.errors import RecordInvalid
from harness.record.model import Board, Measurement, Outcome, Run, Scalar

# What a board does with interrupts where nobody asks for anything else; see `Timing.interrupts`.
_USUAL_INTERRUPTS = ("", "interrupts on", "USB held back for 1 s")
# Of a board, what says nothing about figures: its name in this run, and what became of it.
_NO_CONDITIONS = ("name", "place", "lost")
# Boards that are programs are called by their kind: "emulator", "emulator (gw0)", "host-0". All others are Picos.
_PROGRAM = re.compile(r"(host|emulator)(?![A-Za-z])")


class Kind(Enum):
    """What a figure is about; it decides which conditions it depends on and which way is worse."""

    MEMORY = "memory"
    TIME = "time"
    QUALITY = "quality"


class Key(NamedTuple):
    """What names a figure over many runs; see `Figure`."""

    model: str
    test: str
    name: str

    def __str__(self) -> str:
        return f"{self.model} {self.name}" + (f" in {self.test}" if self.test else "")


@dataclass(frozen=True)
class Spread:
    """How much the samples behind a figure differ from each other.

    Attributes:
        count: how many samples there were.
        deviation: their standard deviation.
        low: lower end of the interval that the figure is in; None where it was not determined.
        high: upper end.
    """

    count: int
    deviation: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Figure:
    """One number.

    Attributes:
        model: name of the model.
        test: pytest's node id.
        name: "arena.used", "latency.median", "op.003.CONV_2D", "accuracy.top1", ...; with ".2" behind it for the second
            session of a test with the same model, and so on.
        unit: "B", "us", or "" for a share or a score.
        value: the number.
        conditions: of the board that it comes from.
        sha256: of the model's file; "" if it is not known.
        options: how the model was opened, where that is not as usual.
        spread: of what has many samples.
        outcome: of the test.
        setup: what the figure depends on besides the board, in words, where it is not as usual: options, and of times
            warm-up and interrupts.
        harness: version of the harness.
    """

    model: str
    test: str
    name: str
    unit: str
    value: float
    conditions: Board
    sha256: str = ""
    options: dict[str, Scalar] = field(default_factory=dict, hash=False)
    spread: Spread | None = None
    outcome: Outcome = "passed"
    setup: str = ""
    harness: str = ""

    @property
    def key(self) -> Key:
        """What makes two figures of different runs the same one, besides the conditions."""
        return Key(self.model, self.test, self.name)

    @property
    def kind(self) -> Kind:
        """What it is about."""
        return kind_of(self.name)

    def measured_under(self) -> dict[str, str]:
        """All conditions by name, as texts; "" is unknown, or not there."""
        board = {
            name: "" if (value := getattr(self.conditions, name)) is None else str(value)
            for name in self.conditions.__struct_fields__
            if name not in _NO_CONDITIONS
        }
        return {**board, "model": self.sha256, "setup": self.setup, "harness": self.harness}


@dataclass(frozen=True)
class RunFigures:
    """What a run measured, for those who compare runs.

    Attributes:
        started: when, with a time zone.
        figures: in the run's order; no two with the same key on the same kind of board.
        outcomes: of its tests, by id.
        ended: "complete", "interrupted", or "stopped: REASON".
        boards: that took part, each with its kind, even if it never came up.
        ran_on: kinds of boards that a test ran on, by its id; of tests that need none nothing.
    """

    started: datetime
    figures: tuple[Figure, ...]
    outcomes: Mapping[str, str]
    ended: str = "complete"
    boards: tuple[Board, ...] = ()
    ran_on: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of its boards."""
        return frozenset(board.kind for board in (*self.boards, *(figure.conditions for figure in self.figures)))

    @property
    def lost(self) -> tuple[str, ...]:
        """Names of the boards that were lost."""
        return tuple(board.name for board in self.boards if board.lost)


def kind_of(name: str) -> Kind:
    """What a figure of this name is about."""
    family = name.partition(".")[0]
    if family in ("latency", "op"):
        return Kind.TIME
    return Kind.QUALITY if family in ("accuracy", "outputs") else Kind.MEMORY


def rounded(value: float, unit: str) -> float:
    """A value as all files have it, so that one that was read equals the one that was written.

    Durations have three decimals (nanoseconds), bytes none, all others six significant figures.

    Raises:
        ValueError: it is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"a finite number expected, {value!r} came")
    if unit == "B":
        return float(round(value))
    return round(value, 3) if unit == "us" else float(f"{value:.6g}")


def parse_started(text: str) -> datetime:
    """A point in time as reports have it (ISO 8601). Older ones may lack the time zone: UTC then.

    Raises:
        RecordInvalid: it is none.
    """
    try:
        # Python 3.10 does not know the Z.
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise RecordInvalid(f"a date and time such as 2026-11-21T03:00:00+00:00 expected, {text[:60]!r} came") from None


def figures_of_run(run: Run) -> RunFigures:
    """A run's figures, and what one needs beside them.

    Raises:
        RecordInvalid: it does not say when it was.
    """
    found: dict[tuple[str, Key], Figure] = {}
    for figure in figures_of(run):
        if math.isfinite(figure.value):
            found.setdefault((figure.conditions.kind, figure.key), figure)
    outcomes = {test.id: test.outcome for test in run.tests}
    boards = tuple(with_kind(board) for board in run.boards)
    kinds = {board.name: board.kind for board in boards}
    places = ((test.id, kinds[test.board]) for test in run.tests if test.board in kinds)
    started = parse_started(run.started)
    return RunFigures(started, tuple(found.values()), outcomes, run.ended, boards, kinds_by_test(places))


def with_kind(board: Board) -> Board:
    """A board with its kind: one that never came up did not tell it, so it is taken from what the run was asked for."""
    if board.kind:
        return board
    asked = _PROGRAM.match(board.name)
    return msgspec.structs.replace(board, kind=asked[1] if asked else "pico")


def kinds_by_test(places: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """See `RunFigures.ran_on`; from pairs of a test's id and a kind of board."""
    found: dict[str, frozenset[str]] = {}
    for test, kind in places:
        found[test] = found.get(test, frozenset()) | {kind}
    return found


def figures_of(run: Run) -> list[Figure]:
    """All figures of a run, in its order."""
    boards = {board.name: board for board in run.boards}
    found: list[Figure] = []
    for test in run.tests:
        sessions: Counter[str] = Counter()
        for measurement in test.measurements:
            sessions[measurement.model] += 1
            number = sessions[measurement.model]
            suffix = "" if number == 1 else f".{number}"
            board = boards.get(measurement.board, Board(name=measurement.board))
            for name, unit, value, spread in _numbers(measurement):
                found.append(
                    Figure(
                        model=measurement.model,
                        test=test.id,
                        name=name + suffix,
                        unit=unit,
                        value=rounded(value, unit) if math.isfinite(value) else value,
                        conditions=board,
                        sha256=measurement.sha256,
                        options=measurement.options,
                        spread=spread,
                        outcome=test.outcome,
                        setup=_setup(measurement, timed=unit == "us"),
                        harness=run.versions.get("tflm-hil", ""),
                    )
                )
    return found


def _setup(measured: Measurement, *, timed: bool) -> str:
    """See `Figure.setup`. The arena's size is no part: no figure depends on it."""
    parts = [f"{name} {value}" for name, value in sorted(measured.options.items()) if name != "arena"]
    if timed and measured.latency is not None:
        parts += setup_of_times(measured.latency.warmup, measured.latency.interrupts)
    return ", ".join(parts)


def setup_of_times(warmup: int, interrupts: str) -> list[str]:
    """The part of `Figure.setup` that is about times."""
    parts = [f"warm-up {warmup}"] if warmup else []
    return parts if interrupts in _USUAL_INTERRUPTS else [*parts, interrupts]


def _numbers(measured: Measurement) -> Iterator[tuple[str, str, float, Spread | None]]:
    arena = measured.arena
    if measured.model_bytes is not None:
        yield "model.bytes", "B", measured.model_bytes, None
    for name in ("used", "head", "tail", "minimum"):
        value = getattr(arena, name)
        if value is not None:
            yield f"arena.{name}", "B", value, None
    for category, size in arena.categories.items():
        yield f"arena.category.{category}", "B", size, None
    latency = measured.latency
    if latency is not None:
        if latency.cold_us is not None:
            yield "latency.cold", "us", latency.cold_us, None
        interval = latency.interval
        bounds = (None, None) if interval is None else (interval.low, interval.high)
        yield "latency.median", "us", latency.median, Spread(latency.count, latency.deviation, *bounds)
        for name in ("min", "p95", "max"):
            yield f"latency.{name}", "us", getattr(latency, name), Spread(latency.count, latency.deviation)
    for op in measured.profile:
        yield f"op.{op.index:03d}.{op.name}", "us", op.us, None
    for metric, score in measured.accuracy.items():
        yield f"accuracy.{metric}", "", score, None
    seen: Counter[str] = Counter()
    for compared in measured.comparisons:
        seen[compared.what] += 1
        again = "" if seen[compared.what] == 1 else f"_{seen[compared.what]}"
        share = compared.equal / compared.steps if compared.steps else 0.0
        yield f"outputs.{compared.what.replace(' ', '_')}{again}", "", share, None
