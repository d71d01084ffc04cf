"""Models as the page shows them: all measurements of one file on one kind of board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import astuple, replace

from harness.record.model import Board, Latency, Measurement, Op, Run, Test
from harness.report.html.background import Background, Trend
from harness.report.html.charts.arena import ArenaNeed, need_of
from harness.report.html.verdict import BAD, Status


@dataclass
class ModelView:
    """One model on one kind of board.

    Attributes:
        name, sha256: of the model.
        board: one of the boards, for the conditions that all of them have.
        boards: names of all of them.
        measured: each measurement with its test.
        trends: of its figures.
        worse: how many of its figures are worse than they were.
    """

    name: str
    sha256: str
    board: Board
    boards: set[str] = field(default_factory=set)
    measured: list[tuple[Test, Measurement]] = field(default_factory=list)
    trends: list[Trend] = field(default_factory=list)
    worse: int = 0

    @property
    def failed(self) -> list[Test]:
        """Its tests that failed, each once."""
        return list({test.id: test for test, _ in self.measured if test.outcome in BAD}.values())

    @property
    def tests(self) -> int:
        """How many tests measured it."""
        return len({test.id for test, _ in self.measured})

    @property
    def status(self) -> Status:
        """Its own verdict."""
        return "failed" if self.failed else "regressed" if self.worse else "passed"

    @property
    def need(self) -> ArenaNeed:
        """What it needs of memory: each figure from a session that tells it as it is in a product."""
        # Preserved tensors take memory that a product does not give them.
        plain = [each.arena for _, each in self.measured if not each.options.get("preserve_all_tensors")]
        arenas = plain or [each.arena for _, each in self.measured]
        base = next((arena for arena in arenas if arena.used is not None and not arena.categories), arenas[0])
        known = [arena.minimum for arena in arenas if arena.minimum is not None]
        categories = next((arena.categories for arena in arenas if arena.categories), {})
        minimum = max(known, default=None)
        return need_of(replace(base, minimum=minimum, categories=categories), self.board.pointer_bits)

    @property
    def timed(self) -> tuple[Test, Latency] | None:
        """The test with the most measured invokes: figures of several tests are not mixed."""
        timed = [(test, each.latency) for test, each in self.measured if each.latency is not None]
        return max(timed, key=lambda pair: pair[1].count, default=None)

    @property
    def latency(self) -> Latency | None:
        """Of that test."""
        return None if self.timed is None else self.timed[1]

    @property
    def profile(self) -> Sequence[Op]:
        """The longest one."""
        return max((each.profile for _, each in self.measured), key=len, default=[])

    @property
    def steps(self) -> tuple[int, int]:
        """In how many steps outputs were as expected, and of how many.

        A difference in a test that passed is what that test wanted to see.
        """
        compared = [
            one
            for test, each in self.measured
            for one in each.comparisons
            if one.equal == one.steps or test.outcome != "passed"
        ]
        return sum(one.equal for one in compared), sum(one.steps for one in compared)

    @property
    def accuracy(self) -> dict[str, float]:
        """Scores on data sets, the latest of each."""
        return {name: score for _, each in self.measured for name, score in each.accuracy.items()}

    @property
    def model_bytes(self) -> int | None:
        """The size of its file."""
        return next((each.model_bytes for _, each in self.measured if each.model_bytes is not None), None)


def models_of(run: Run, background: Background) -> list[ModelView]:
    """All models, those that failed first, then those with regressions, then by name."""
    views: dict[tuple[object, ...], ModelView] = {}
    for test in run.tests:
        for each in test.measurements:
            board = run.board(each.board) or Board(name=each.board)
            view = views.setdefault(_key(each, board), ModelView(each.model, each.sha256, board))
            view.boards.add(board.name)
            view.measured.append((test, each))
    worse = [finding for finding in background.findings if finding.change == "worse"]
    trends: dict[str, list[Trend]] = {}
    for trend in background.trends:
        trends.setdefault(trend.model, []).append(trend)
    for view in views.values():
        view.worse = sum(
            finding.count for finding in worse if finding.model == view.name and finding.board in ("", view.board.kind)
        )
        view.trends = [trend for trend in trends.get(view.name, ()) if trend.board in ("", view.board.kind)]
    order = {"failed": 0, "regressed": 1, "passed": 2}
    return sorted(views.values(), key=lambda view: (order[view.status], view.name, view.board.kind, view.sha256))


def _key(each: Measurement, board: Board) -> tuple[object, ...]:
    """What may stand together: emulated boards are alike, two Picos are not."""
    alike = replace(board, name="", serial="", place="", lost=None)
    return each.model, each.sha256, astuple(alike if board.kind in ("host", "emulator") else board)
