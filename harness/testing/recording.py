"""Collects what a run's reports tell, and writes the run's record at its end, however it ends."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.errors import HarnessError
from harness.record.model import MAX_ATTEMPTS, MAX_LINES, Attempt, Board, Measurement, Outcome, Run, Test
from harness.record.text import bounded, line

_MAX_ARGUMENTS = 200
FOUND = "tflm_found"


@dataclass
class _Running:
    """A test, of which reports come in one by one."""

    outcome: Outcome | None = None
    message: str | None = None
    seconds: float = 0.0
    started: float | None = None
    board: str | None = None
    worker: str = ""
    crashed: bool = False
    log: str | None = None
    log_tail: list[str] = field(default_factory=list)
    measurements: list[dict[str, Any]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)

    def begin_again(self) -> None:
        """What there was is an earlier attempt."""
        attempt = Attempt(
            outcome=self.outcome or "error", board=self.board, message=self.message, seconds=round(self.seconds, 3)
        )
        vars(self).update(vars(_Running(worker=self.worker, attempts=[*self.attempts, attempt][-MAX_ATTEMPTS:])))


class Collector:
    """Makes a run's record of pytest's reports. Knows nothing of files.

    Attributes:
        boards: all that took part, by name.

    Args:
        command: the command line.
        rootdir: pytest's.
        inifile: pytest's, if there is one.
    """

    def __init__(self, command: Iterable[str], rootdir: Path | None = None, inifile: Path | None = None) -> None:
        self.boards: dict[str, Board] = {}
        self._rootdir, self._inifile = _path(rootdir), _path(inifile)
        self._command = [line(part) for part in command][:_MAX_ARGUMENTS]
        self._begun = time.time()
        self._clock = time.monotonic()
        self._tests: dict[tuple[str, str], _Running] = {}
        self._collected: list[str] = []
        self._board_of_worker: dict[str, str] = {}
        self._reruns: dict[tuple[str, str], int] = {}

    def collected(self, ids: Iterable[str]) -> None:
        """Tells which tests there are."""
        self._collected = list(ids)

    def add_board(self, told: dict[str, Any], worker: str = "") -> str:
        """Adds a board, or what is newly known of it; returns its name."""
        board = msgspec.convert(told, Board)
        known = self.boards.get(board.name)
        if known is None or board.kind or board.lost:
            kept = board if board.kind or known is None else msgspec.structs.replace(known, lost=board.lost)
            self.boards[board.name] = kept
        self._board_of_worker[worker] = board.name
        return board.name

    def add_collection_error(self, report: pytest.CollectReport) -> None:
        """Adds a file that could not be collected, as a test that is an error."""
        self._tests[report.nodeid, ""] = _Running("error", bounded(report.longreprtext))

    def add(self, report: pytest.TestReport, *, each: bool = False) -> None:
        """Adds a report.

        Args:
            report: of a set-up, call or teardown.
            each: every worker runs every test.
        """
        node = getattr(report, "node", None)
        worker = "" if node is None else str(node.gateway.id)
        key = (report.nodeid, worker if each else "")
        test = self._tests.setdefault(key, _Running())
        test.worker = worker
        # pytest-xdist's word for the report of a test whose process died.
        test.crashed = report.when not in ("setup", "call", "teardown")
        test.seconds += report.duration
        if test.started is None:
            test.started = getattr(report, "start", None)
        self._add_found(test, getattr(report, FOUND, None), worker)
        outcome = _outcome(report)
        if outcome is not None and (test.outcome in (None, "passed") or outcome == "error"):
            # An error of the teardown is told besides the failure before it, and does not hide it.
            failed_before = test.outcome == "failed"
            message = _message(report)
            if failed_before:
                test.message = bounded(f"{test.message}\n\nand then the teardown failed: {message}")
            else:
                test.outcome, test.message = outcome, message
        # What pytest-rerunfailures calls the report of an attempt that does not count.
        if report.outcome == "rerun":  # type: ignore[comparison-overlap]
            self._reruns[key] = self._reruns.get(key, 0) + 1
            test.begin_again()

    def _add_found(self, test: _Running, found: dict[str, Any] | None, worker: str) -> None:
        if found is None:
            return
        test.board = self.add_board(found["board"], worker)
        test.log = found["log"]
        test.measurements = found["measurements"]
        # The tail of a failure is longer than that of the teardown after it.
        if len(found["log_tail"]) > len(test.log_tail) or test.outcome in (None, "passed"):
            test.log_tail = found["log_tail"][-MAX_LINES:]

    def not_run(self) -> list[str]:
        """The tests that were collected and of which no report has come."""
        ran = {nodeid for nodeid, _ in self._tests}
        return [nodeid for nodeid in self._collected if nodeid not in ran]

    def run(self, ended: str) -> Run:
        """The record.

        Args:
            ended: "complete", "interrupted", or "stopped: REASON".
        """
        return Run(
            version=1,
            started=_iso(self._begun),
            seconds=round(time.monotonic() - self._clock, 3),
            ended=bounded(ended),
            command=self._command,
            versions={
                "tflm-hil": version("tflm-hil"),
                "python": platform.python_version(),
                "pytest": pytest.__version__,
            },
            boards=[self.boards[name] for name in sorted(self.boards)],
            tests=[
                *(self._test(key, running) for key, running in self._tests.items()),
                *(Test(id=bounded(nodeid), outcome="not run", message=bounded(ended)) for nodeid in self.not_run()),
            ],
            rootdir=self._rootdir,
            inifile=self._inifile,
        )

    def _test(self, key: tuple[str, str], running: _Running) -> Test:
        return Test(
            id=bounded(key[0]),
            # Without the report of a call it was begun, and never ended.
            outcome=running.outcome or "error",
            seconds=round(running.seconds, 3),
            started=None if running.started is None else _iso(running.started),
            board=running.board or (self._board_of_worker.get(running.worker) if running.crashed else None),
            message=running.message if running.outcome else "the run ended in the middle of this test",
            reruns=self._reruns.get(key, 0),
            attempts=running.attempts,
            log=running.log,
            log_tail=running.log_tail,
            measurements=msgspec.convert(running.measurements, list[Measurement]),
        )


def _path(path: Path | None) -> str | None:
    """As text; None if a record cannot hold it unchanged, as another path would be of no use."""
    text = str(path)
    return text if path is not None and text == bounded(text) else None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def _outcome(report: pytest.TestReport) -> Outcome | None:
    """What a report says of its test; None if nothing yet."""
    expected_failure = hasattr(report, "wasxfail")
    if report.skipped:
        return "xfailed" if expected_failure else "skipped"
    if report.when == "call":
        if report.passed:
            return "xpassed" if expected_failure else "passed"
        return "failed"
    return None if report.passed else "error"


def _message(report: pytest.TestReport) -> str | None:
    """Why a test did not pass."""
    reason = getattr(report, "wasxfail", None)
    if reason is not None:
        return bounded(reason.removeprefix("reason: ")) or None
    if report.passed:
        return None
    if report.skipped and isinstance(report.longrepr, tuple):
        return bounded(report.longrepr[2].removeprefix("Skipped: "))
    crash = getattr(report.longrepr, "reprcrash", None)
    return bounded(report.longreprtext if crash is None else crash.message)


class Recorder:
    """The plugin around a collector: hooks of pytest and of pytest-xdist.

    Args:
        config: of the run.
        folder: where the record is written; None for nowhere.
    """

    def __init__(self, config: pytest.Config, folder: Path | None) -> None:
        command = [Path(sys.argv[0]).name, *map(str, config.invocation_params.args)]
        self.collector = Collector(command, config.rootpath, config.inipath)
        self.run: Run | None = None
        self._config = config
        self._folder = folder
        self._interrupted: str | None = None
        self._each = getattr(config.option, "dist", "no") == "each"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.collector.add_collection_error(report)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.collector.collected(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        self.collector.collected(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.collector.add(report, each=self._each)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        told = getattr(node, "workeroutput", {}).get("tflm_board")
        if told is not None:
            self.collector.add_board(told, str(node.gateway.id))

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        self._interrupted = str(excinfo.value)

    # After all else: pytest's JUnit file has been written, and what ended the run is known.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Any:
        result = yield
        self._add_own_board()
        self.run = self.collector.run(self._ended(session))
        if not self._config.getoption("collectonly"):
            self._write(self.run)
        return result

    def _write(self, run: Run) -> None:
        from harness.record.write import write_record

        junit = self._config.option.xmlpath
        try:
            if self._folder is not None:
                write_record(self._folder, run)
                self._show_report(self._folder, run)
            # What has nothing to do with boards is left as pytest writes it.
            if junit is not None and run.boards:
                from harness.report.junit import arrange_by_board

                file = self._config.invocation_params.dir / Path(os.path.expandvars(junit)).expanduser()
                arrange_by_board(file, run, self._config.option.junitprefix)
        except HarnessError as error:
            raise pytest.UsageError(str(error)) from None

    def _show_report(self, folder: Path, run: Run) -> None:
        # Brings a library of charts, which only a run that writes reports waits for.
        from harness.report.html.write import write_report

        written = write_report(run, folder)
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.write_line(f"report: {written}")

    def _add_own_board(self) -> None:
        if "harness.testing.runtime" in sys.modules:
            from harness.testing.findings import board_entry
            from harness.testing.runtime import started_runtime

            runtime = started_runtime(self._config)
            if runtime is not None:
                self.collector.add_board(msgspec.to_builtins(board_entry(runtime)))

    def _ended(self, session: pytest.Session) -> str:
        stopped = session.shouldfail or session.shouldstop or self._interrupted
        if stopped:
            return f"stopped: {stopped}"
        return "complete" if self._interrupted is None else "interrupted"
