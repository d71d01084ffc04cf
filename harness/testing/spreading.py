"""Spreads a run's tests over its boards: one pytest-xdist worker for each board."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from harness.boards.several import kind_of, takes_any_number
from harness.testing.recording import Recorder
from harness.testing.settings import BOARD, names_of

# In what the controller gives each worker, besides its board.
KINDS = "tflm_kinds"
PASSES_OVER = "tflm_passes_over"
_MOST_SHOWN = 20


def workers_for(config: pytest.Config) -> int | None:
    """How many workers `-n auto` starts; None if the boards do not say."""
    names = names_of(config)
    return None if takes_any_number(names) else len(names)


def check_workers(config: pytest.Config) -> list[str]:
    """A board's name for each worker, in order; empty without workers.

    Raises:
        pytest.UsageError: there are as many workers as boards neither given nor possible.
    """
    names = names_of(config)
    if config.getoption("dist", "no") == "no" or not config.getoption("tx", None):
        if len(names) > 1:
            raise pytest.UsageError(
                f"--board names {len(names)} boards: give -n auto as well, for one worker on each (pytest-xdist)"
            )
        return []
    from xdist.workermanage import parse_tx_spec_config

    workers = len(parse_tx_spec_config(config))
    if takes_any_number(names):
        return names * workers
    if workers != len(names):
        raise pytest.UsageError(
            f"one worker for each of {len(names)} boards expected, {workers} came: give -n auto, or -n {len(names)}"
        )
    return names


class Spreading:
    """The plugin of the process that hands out tests.

    Args:
        config: of the run.
        names: a board for each worker.
        recorder: knows which board ran what.
    """

    def __init__(self, config: pytest.Config, names: Sequence[str], recorder: Recorder) -> None:
        from harness.testing.scheduling import BoardScheduling

        self._config = config
        self._names = names
        self._recorder = recorder
        # The board that was let go last is taken first: the one of the worker that crashed.
        self._free = list(reversed(range(len(names))))
        self._boards: dict[str, int] = {}
        self._hands_on = config.getoption("dist") == "load"
        self._dsession: Any = None
        self._scheduling: BoardScheduling | None = None
        self._reason = ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        number = self._free.pop()
        self._boards[node.gateway.id] = number
        node.workerinput[BOARD] = self._names[number]
        node.workerinput[KINDS] = sorted({kind_of(name) for name in self._names})
        node.workerinput[PASSES_OVER] = self._hands_on

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object | None) -> None:
        self._free.append(self._boards[node.gateway.id])
        if self._scheduling is None:
            return
        if error is not None:
            self._scheduling.crashed(node)
        elif getattr(node, "workeroutput", {}).get("tflm_board", {}).get("lost"):
            self._scheduling.lost(node)

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config) -> Any:
        if not self._hands_on:
            return None
        from harness.testing.scheduling import BoardScheduling

        self._dsession = config.pluginmanager.getplugin("dsession")
        self._scheduling = BoardScheduling(
            len(self._names),
            lambda node: self._boards[node.gateway.id],
            self._restart,
            lambda: bool(self._dsession.shouldstop or self._dsession.shuttingdown),
            config,
        )
        return self._scheduling

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._scheduling is not None:
            self._scheduling.reported(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._scheduling is not None and self._scheduling.not_run:
            count = len(self._scheduling.not_run)
            session.shouldfail = f"no board is left for {count:,} test{'s'[: count != 1]}"
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        record = self._recorder.collector.run("")
        if not record.boards:
            return
        ran = Counter(test.board for test in record.tests)
        seconds: Counter[str | None] = Counter()
        for test in record.tests:
            seconds[test.board] += test.seconds  # type: ignore[assignment]
        terminalreporter.section("boards")
        width = max(len(board.name) for board in record.boards)
        for board in record.boards:
            words = f"{ran[board.name]:>5} tests in {seconds[board.name]:8.1f} s" if board.kind else "    0 tests"
            lost = f"  LOST: {board.lost}" if board.lost else ""
            terminalreporter.write_line(f"{board.name:{width}} {words}{lost}")
        not_run = self._recorder.collector.not_run()
        if self._scheduling is not None and self._scheduling.handed_on:
            terminalreporter.write_line(f"handed on to other boards: {self._scheduling.handed_on:,}")
        for nodeid in not_run[:_MOST_SHOWN]:
            terminalreporter.write_line(f"NOT RUN {nodeid}")
        if len(not_run) > _MOST_SHOWN:
            terminalreporter.write_line(f"NOT RUN: {len(not_run) - _MOST_SHOWN:,} more")

    def _restart(self, node: Any) -> None:
        # pytest-xdist offers this only to itself; a worker that has ended cannot be asked to go on.
        board = self._boards[node.gateway.id]
        self._free.remove(board)
        self._free.append(board)
        self._dsession._clone_node(node)
