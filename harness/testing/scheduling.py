"""Hands tests to workers that have a board each, and hands on what a worker has passed over because of its board."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from xdist.report import report_collection_diff
from xdist.workermanage import WorkerController

# A worker begins a test when it knows which one comes after it.
_AHEAD = 2


@dataclass
class _Worker:
    """What is known of a worker.

    Attributes:
        board: which of the run's boards it has, by number.
        handed: tests that it was handed and has not told the end of, oldest first.
    """

    board: int
    handed: list[int] = field(default_factory=list)


class BoardScheduling:
    """A scheduler for pytest-xdist (`xdist.scheduler.protocol.Scheduling`): every test is run by exactly one worker.

    A worker whose board is lost, or not of the kind that a test is for, passes over a test: it tells the end of it
    without any report. The test then goes to the others. If none of them is there any more, because nothing was left
    to do, one is started again; a test that every board has passed over is not run.

    Args:
        boards: how many there are.
        board_of: the number of a worker's board.
        restart: starts a worker anew, for the board of one that has ended.
        stopping: whether the run is to end with what has been handed out.
        config: of the run; a worker that has collected other tests is reported to its hooks.

    Attributes:
        config: the same; other plugins look for it here.
        not_run: tests that no board could have.
        handed_on: how many tests another worker than the first one that was handed them has run.
    """

    def __init__(
        self,
        boards: int,
        board_of: Callable[[WorkerController], int],
        restart: Callable[[WorkerController], None],
        stopping: Callable[[], bool],
        config: pytest.Config,
    ) -> None:
        self.config = config
        self.not_run: list[str] = []
        self.handed_on = 0
        self._boards = boards
        self._board_of = board_of
        self._restart = restart
        self._stopping = stopping
        self._tests: list[str] | None = None
        self._collected: set[int] = set()
        self._pending: deque[int] = deque()
        self._reported: set[str] = set()
        self._passed_over: dict[int, set[int]] = {}
        self._workers: dict[WorkerController, _Worker] = {}
        self._starting: set[int] = set()
        self._ended: dict[int, WorkerController] = {}
        self._crashed: set[WorkerController] = set()
        self._unfit: set[int] = set()

    # --- what pytest-xdist asks --------------------------------------------------------------------------------------

    @property
    def nodes(self) -> list[WorkerController]:
        """The workers that are there."""
        return list(self._workers)

    @property
    def collection_is_completed(self) -> bool:
        """Whether every board's worker has collected the tests."""
        return len(self._collected) >= self._boards

    @property
    def tests_finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.collection_is_completed and not self.has_pending

    @property
    def has_pending(self) -> bool:
        """Whether a test was not begun, or not ended."""
        return bool(self._pending) or any(worker.handed for worker in self._workers.values())

    def add_node(self, node: WorkerController) -> None:
        """A worker is there; it will collect the tests."""
        self._workers[node] = _Worker(self._board_of(node))

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        """A worker has collected the tests."""
        board = self._workers[node].board
        self._collected.add(board)
        self._starting.discard(board)
        if self._tests is None:
            self._tests = list(collection)
            self._pending.extend(range(len(self._tests)))
        elif (
            difference := report_collection_diff(self._tests, collection, "the first worker", node.gateway.id)
        ) is not None:
            report = pytest.CollectReport(node.gateway.id, "failed", difference, [])
            self.config.hook.pytest_collectreport(report=report)
            self._unfit.add(board)
            node.shutdown()

    def schedule(self) -> None:
        """Hands out tests."""
        self._hand_out()

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """A worker has told the end of a test."""
        worker = self._workers[node]
        worker.handed.remove(item_index)
        if self._name(item_index) not in self._reported:
            self._passed_over.setdefault(item_index, set()).add(worker.board)
            self._pending.appendleft(item_index)
        elif item_index in self._passed_over:
            self.handed_on += 1
        self._hand_out()

    def mark_test_pending(self, item: str) -> None:
        """A test is to be run again."""
        self._reported.discard(item)
        self._pending.appendleft((self._tests or []).index(item))
        self._hand_out()

    def remove_pending_tests_from_node(self, node: WorkerController, indices: Sequence[int]) -> None:
        """Answers a question that this scheduler does not ask."""
        raise NotImplementedError

    def remove_node(self, node: WorkerController) -> str | None:
        """A worker has ended; returns the test that it died in, if it did."""
        worker = self._workers.pop(node)
        died_in = worker.handed.pop(0) if worker.handed else None
        if node in self._crashed:
            # pytest-xdist itself starts another one in its place.
            self._starting.add(worker.board)
        else:
            self._ended[worker.board] = node
        self._pending.extendleft(reversed(worker.handed))
        self._hand_out()
        return None if died_in is None else self._name(died_in)

    # --- what is told besides ----------------------------------------------------------------------------------------

    def reported(self, nodeid: str) -> None:
        """A report of a test has come: it was run."""
        self._reported.add(nodeid)

    def lost(self, node: WorkerController) -> None:
        """A worker's board can do nothing any more."""
        self._unfit.add(self._board_of(node))

    def crashed(self, node: WorkerController) -> None:
        """A worker's process has died."""
        self._crashed.add(node)

    # --- behind them -------------------------------------------------------------------------------------------------

    def _name(self, index: int) -> str:
        assert self._tests is not None
        return self._tests[index]

    def _hand_out(self) -> None:
        if not self.collection_is_completed or self._stopping():
            return
        # One for everybody before a second for anybody.
        for ahead in range(1, _AHEAD + 1):
            for node, worker in self._listening():
                if len(worker.handed) < ahead and (index := self._next_for(worker.board)) is not None:
                    self._pending.remove(index)
                    worker.handed.append(index)
                    node.send_runtest_some([index])
        for node, worker in self._listening():
            if 0 < len(worker.handed) < _AHEAD:
                # It waits to be told what comes after its last test. Those without any stay, to take over from others.
                node.shutdown()
        self._find_takers()

    def _listening(self) -> list[tuple[WorkerController, _Worker]]:
        return [(node, worker) for node, worker in self._workers.items() if not node.shutting_down]

    def _next_for(self, board: int) -> int | None:
        return next((index for index in self._pending if board not in self._refusing(index)), None)

    def _refusing(self, index: int) -> set[int]:
        return self._passed_over.get(index, set()) | self._unfit

    def _find_takers(self) -> None:
        """Starts workers for tests that nobody who is there can take, or gives them up."""
        for index in list(self._pending):
            refused = self._refusing(index)
            present = {worker.board for worker in self._workers.values()} | self._starting
            if present - refused:
                # One of them takes it now, or when it has ended and was started again.
                continue
            ended = sorted(self._ended.keys() - refused)
            if ended:
                self._starting.add(ended[0])
                self._restart(self._ended.pop(ended[0]))
            else:
                self._pending.remove(index)
                self.not_run.append(self._name(index))
