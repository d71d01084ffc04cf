"""Figures of older runs from their JUnit files: the properties that `harness.report.properties` writes.

The file may come from anywhere. It is read by expat as a stream; a document type, and with it every entity, is refused.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast
from xml.parsers import expat

from harness.history.errors import JUnitError
from harness.record.errors import RecordInvalid
from harness.record.figures import (
    Figure,
    Key,
    RunFigures,
    Spread,
    kinds_by_test,
    parse_started,
    rounded,
    setup_of_times,
    with_kind,
)
from harness.record.model import Board, Outcome
from harness.record.text import line

MAX_BYTES = 256 * 1024 * 1024
MAX_PROPERTIES = 2_000_000
_PIECE = 1024 * 1024
_NUMBERED = re.compile(r"tflm\.(.+?)(?:\.([1-9][0-9]{0,4}))?")
_ARENA = re.compile(r"arena\.(.+)_bytes")
_OPERATOR = re.compile(r"op\.([0-9]{3,6}\..+)_us")
_LATENCY = re.compile(r"latency\.(cold|min|median|p95|max)_us")
_STEPS = re.compile(r"([0-9]{1,9})/([0-9]{1,9}) steps equal")
# Of tests that no board was left for; behind it stands how the run ended.
_NOT_RUN = "not run: "
_PLAIN = ("used", "head", "tail", "minimum")


@dataclass
class _Case:
    test: str
    board: str = ""
    outcome: Outcome = "passed"
    properties: dict[str, str] = field(default_factory=dict)


def read_junit(path: Path) -> RunFigures:
    """The figures of a JUnit file.

    Raises:
        JUnitError: it cannot be read, is no JUnit report, has no figures of this harness, or is made to harm.
    """
    reader = _Reader(path)
    try:
        with path.open("rb") as file:
            read = 0
            while piece := file.read(_PIECE):
                read += len(piece)
                if read > MAX_BYTES:
                    raise JUnitError(f"{path}: at most {MAX_BYTES:,} bytes expected")
                reader.feed(piece, False)
            reader.feed(b"", True)
    except OSError as error:
        raise JUnitError(f"{path}: cannot be read: {error.strerror}") from None
    if reader.started is None:
        raise JUnitError(f"{path}: a JUnit report expected: a testsuite with a timestamp")
    boards = tuple(with_kind(_board(board)) for board in reader.boards)
    kinds = {board.name: board.kind for board in boards}
    found: dict[tuple[str, Key], Figure] = {}
    for case in reader.cases:
        for figure in _figures(case, reader.harness):
            found.setdefault((figure.conditions.kind, figure.key), figure)
    if not found:
        raise JUnitError(f"{path}: no figures: testcases with properties tflm.* expected")
    told = ((case.test, case.properties.get("tflm.board.kind") or kinds.get(case.board, "")) for case in reader.cases)
    return RunFigures(
        reader.began or reader.started,
        tuple(found.values()),
        {case.test: case.outcome for case in reader.cases},
        reader.ended,
        boards,
        kinds_by_test((test, line(kind)) for test, kind in told if kind),
    )


class _Reader:
    """Collects testcases and their properties."""

    def __init__(self, path: Path) -> None:
        self.cases: list[_Case] = []
        # When the first suite began, which schemas allow no fractions of a second for; and, where it is told, the run.
        self.started: datetime | None = None
        self.began: datetime | None = None
        self.harness = ""
        # As far as suites tell them: a suite of each board that took part, and one of tests that were not run.
        self.ended = "complete"
        self.boards: list[dict[str, str]] = []
        self._path = path
        self._case: _Case | None = None
        self._board: dict[str, str] = {}
        self._properties = 0
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def feed(self, piece: bytes, last: bool) -> None:
        """Takes the next piece of the file."""
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise JUnitError(f"{self._path}: not XML: {line(error, 200)}") from None

    def _refuse(self, *_: object) -> None:
        raise JUnitError(
            f"{self._path}: a document type is declared, which no JUnit report has", advice="do not trust it"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testsuite":
            self._board = {}
            self._take_time(attributes.get("timestamp", ""))
        elif tag == "testcase":
            self._case = _Case(test_id(attributes), line(self._board.get("board.name", "")))
        elif tag == "property" and self._case is None:
            self._count_property()
            self._take_of_run(attributes.get("name", ""), attributes.get("value", ""))
        elif self._case is not None and tag in ("failure", "error", "skipped"):
            self._case.outcome = cast(Outcome, "failed" if tag == "failure" else tag)
            message = attributes.get("message", "")
            if attributes.get("type") == "not run" and message.startswith(_NOT_RUN):
                self._case.outcome, self.ended = "not run", line(message.removeprefix(_NOT_RUN))
        elif self._case is not None and tag == "property":
            self._count_property()
            name = attributes.get("name", "")
            if name == "tflm.test":
                self._case.test = line(attributes.get("value", ""))
            elif name.startswith("tflm."):
                self._case.properties.setdefault(name, attributes.get("value", ""))

    def _end(self, tag: str) -> None:
        if tag == "testcase" and self._case is not None:
            self.cases.append(self._case)
            self._case = None

    def _count_property(self) -> None:
        self._properties += 1
        if self._properties > MAX_PROPERTIES:
            raise JUnitError(f"{self._path}: at most {MAX_PROPERTIES:,} properties expected")

    def _take_time(self, text: str) -> None:
        if text:
            started = self._time(text)
            # Of several suites, one per board, the first one began the run.
            self.started = started if self.started is None else min(self.started, started)

    def _take_of_run(self, name: str, value: str) -> None:
        if name == "tflm.run.started":
            self.began = self._time(value)
        elif name == "tflm.run.harness":
            self.harness = line(value)
        elif name == "tflm.run.ended":
            self.ended = line(value)
        elif name == "tflm.board.name":
            self._board = {"board.name": value}
            self.boards.append(self._board)
        elif name.startswith("tflm.board.") and self._board:
            self._board[name.removeprefix("tflm.")] = value

    def _time(self, text: str) -> datetime:
        try:
            return parse_started(text)
        except RecordInvalid as error:
            raise JUnitError(f"{self._path}: {error.message}") from None


def test_id(attributes: dict[str, str]) -> str:
    """pytest's node id of a testcase, from its class name, which has dots for all slashes."""
    classname, name = attributes.get("classname", ""), attributes.get("name", "")
    stem, dot, ending = classname.rpartition(".")
    if ending in ("yaml", "yml"):
        return line(f"{stem.replace('.', '/')}{dot}{ending}::{name}")
    parts = classname.split(".")
    # Classes of tests begin with a capital letter, files do not.
    split = next((place for place, part in enumerate(parts) if part[:1].isupper()), len(parts))
    return line("::".join(filter(None, ["/".join(parts[:split]) + ".py", *parts[split:], name])))


def _figures(case: _Case, harness: str) -> list[Figure]:
    """The figures of a testcase's sessions."""
    sessions: dict[int, dict[str, str]] = {}
    for name, given in case.properties.items():
        match = _NUMBERED.fullmatch(name)
        if match is not None:
            sessions.setdefault(int(match[2] or 1), {}).setdefault(match[1], given)
    board = _board(sessions.get(1, {}))
    seen: Counter[str] = Counter()
    found = []
    for _, properties in sorted(sessions.items()):
        model = line(properties.get("model", ""))
        if not model:
            continue
        seen[model] += 1
        suffix = "" if seen[model] == 1 else f".{seen[model]}"
        options = [
            line(f"{name.removeprefix('options.')} {value}")
            for name, value in sorted(properties.items())
            if name.startswith("options.")
        ]
        times = setup_of_times(
            _whole(properties.get("latency.warmup")) or 0, line(properties.get("latency.interrupts", ""))
        )
        for told, text in properties.items():
            numbers = _number(told, text)
            if numbers is None:
                continue
            base, unit, value = numbers
            found.append(
                Figure(
                    model=model,
                    test=case.test,
                    name=line(base + suffix),
                    unit=unit,
                    value=rounded(value, unit),
                    conditions=board,
                    sha256=line(properties.get("model.sha256", ""), 64),
                    spread=_spread(properties) if base == "latency.median" else None,
                    outcome=case.outcome,
                    setup=", ".join([*options, *times] if unit == "us" else options),
                    harness=harness,
                )
            )
    return found


def _board(told: dict[str, str]) -> Board:
    texts = {name: line(told.get(f"board.{name}", "")) for name in ("kind", "serial", "chip", "build", "tflm")}
    return Board(
        name=line(told.get("board.name", "")) or texts["serial"],
        **texts,
        compiler=line(told.get("board.compiler", "")),
        target=line(told.get("board.target", "")),
        kernels=line(told.get("board.kernels", "")),
        engine=line(told.get("board.engine", "")),
        clock_hz=_whole(told.get("board.clock_hz")),
        pointer_bits=_whole(told.get("board.pointer_bits")),
        lost=line(told.get("board.lost", "")) or None,
    )


def _number(name: str, text: str) -> tuple[str, str, float] | None:
    """A property's figure: its name, unit and value; None of one that is none."""
    if match := _ARENA.fullmatch(name):
        plain = match[1] in _PLAIN
        figure, unit = f"arena.{match[1]}" if plain else f"arena.category.{match[1]}", "B"
        if match[1] == "size":
            return None
    elif match := _LATENCY.fullmatch(name):
        figure, unit = f"latency.{match[1]}", "us"
    elif match := _OPERATOR.fullmatch(name):
        figure, unit = f"op.{match[1]}", "us"
    elif name.startswith("accuracy."):
        figure, unit = name, ""
    elif name.startswith("outputs."):
        steps = _STEPS.fullmatch(text)
        return None if steps is None or not int(steps[2]) else (name, "", int(steps[1]) / int(steps[2]))
    elif name == "model.bytes":
        figure, unit = name, "B"
    else:
        return None
    value = _float(text)
    return None if value is None else (figure, unit, value)


def _spread(properties: dict[str, str]) -> Spread | None:
    count = _whole(properties.get("latency.count"))
    if count is None:
        return None
    low, high = (_float(properties.get(f"latency.median_{end}_us", "")) for end in ("low", "high"))
    return Spread(count, _float(properties.get("latency.deviation_us", "")) or 0.0, low, high)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) <= 15 else None


def _float(text: str) -> float | None:
    try:
        value = float(text[:40])
    except ValueError:
        return None
    return value if math.isfinite(value) else None
