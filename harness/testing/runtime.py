"""The lifetime of a board in a pytest run: started for the first test that needs it, brought back between tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.bench import Bench
from harness.boards.board import Board
from harness.boards.select import select
from harness.errors import HarnessError
from harness.flash.pack import CAPACITY, packed_size
from harness.measure.measurement import Conditions, Measurement
from harness.models.library import ModelLibrary
from harness.protocol.devicelog import Kind, Line, printable
from harness.provision import Flashed
from harness.report.testlog import LogFile, log_file_name, remove_logs
from harness.testing.settings import Settings

if TYPE_CHECKING:
    from harness.models.reference import ReferenceEngine
    from harness.models.tflite import TfliteModel

SHOWN_LINES = 40


class Runtime:
    """One board, one bench, one reference, for one pytest run; each started when first needed.

    Args:
        settings: what the run was asked for.
        show: writes a line to the terminal.

    Attributes:
        conditions: of the board, once it has started.
        board_name: what the board is called, once it has started.
        place: what it is plugged into.
        golden_updates: what became of the golden files that the test was to write, a line each.
        log_name: the file of the test's log, from the report folder; None if there is none.
        unusable: why the board could not be started, in a line.
        lost: why no test can run any more, in a line; None as long as tests can.
    """

    def __init__(self, settings: Settings, show: Callable[[str], None]) -> None:
        self.settings = settings
        self.library = ModelLibrary(settings.models)
        self.measurements: list[Measurement] = []
        self.golden_updates: list[str] = []
        self.lost: str | None = None
        self.unusable: str | None = None
        self.conditions: Conditions | None = None
        self.board_name = ""
        self.place = ""
        self.log_name: str | None = None
        self._show = show
        self._board: Board | None = None
        self._bench: Bench | None = None
        self._failure: HarnessError | None = None
        self._reference: ReferenceEngine | None = None
        self._log_mark = 0
        self._log_file: LogFile | None = None
        self._logs_cleared = False

    @property
    def bench(self) -> Bench:
        """The bench, with its board running.

        Raises:
            HarnessError: the board cannot be used; every later call raises the same at once.
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if self._bench is None:
            self.start([])
        assert self._bench is not None
        return self._bench

    def start(self, wanted: list[TfliteModel]) -> Flashed:
        """Starts the board and brings models onto it.

        Args:
            wanted: models that tests are known to need; all of the models folders join them if there is room.

        Raises:
            HarnessError: the board cannot be used.
        """
        try:
            self._board = select(
                self.settings.board,
                firmware=self.settings.firmware,
                root=self.settings.root,
                inventory=self.settings.inventory,
                wait=self.settings.wait,
            )
            if self.settings.live_log:
                self._board.log.add_sink(self._show_lines)
            bench = Bench(self._board, self.library, flash=self.settings.flash, on_measurement=self.measurements.append)
            everything = list({model.name: model for model in [*self.library.valid_models(), *wanted]}.values())
            fits = packed_size(len(model.data) for model in everything) <= CAPACITY
            chosen = everything if fits else wanted
            if self.settings.flash == "never" or not self._board.flashable:
                # What a test opens has to be there; that others lack something is no reason to fail.
                chosen = []
            flashed = bench.prepare(chosen)
            self.conditions = bench.conditions
            self.board_name, self.place = self._board.name, self._board.place
        except HarnessError as error:
            self._failure = error
            self.unusable = f"the board cannot be used: {error.message.splitlines()[0]}"
            if self._board is not None:
                self._board.close()
                self._board = None
            raise
        self._bench = bench
        return flashed

    def reference_engine(self) -> ReferenceEngine:
        """TFLM's interpreter for expected outputs."""
        if self._reference is None:
            from harness.models.reference import ReferenceEngine

            self._reference = ReferenceEngine()
        return self._reference

    # --- around each test --------------------------------------------------------------------------------------------

    def begin_test(self, nodeid: str) -> None:
        """Makes sure that the board works, and starts the test's own slice of log and figures.

        Raises:
            HarnessError: the board cannot be brought back.
        """
        self.measurements.clear()
        self.golden_updates.clear()
        self.log_name = None
        bench = self.bench
        self._log_mark = bench.board.log.mark()
        if self.settings.report is not None:
            folder = self._log_folder(self.settings.report)
            self._log_file = LogFile(folder / log_file_name(nodeid), bench.board.log)
            self.log_name = f"{folder.name}/{log_file_name(nodeid)}"
        self.make_ready()

    def make_ready(self) -> None:
        """Makes sure that the board works.

        Raises:
            HarnessError: it cannot be brought back.
        """
        bench = self.bench
        try:
            bench.ensure_ready()
        except HarnessError as error:
            # It was tried by all means, and took its time. Whoever comes now is told the same at once.
            self._failure = error
            self.lost = f"the board is lost: {error.message.splitlines()[0]}"
            raise

    def end_test(self) -> None:
        """Ends what the test has left open."""
        if self._bench is not None:
            self._bench.close_sessions()
        if self._log_file is not None:
            self._log_file.close()
            self._log_file = None

    def test_log(self, lines: int = SHOWN_LINES) -> list[Line]:
        """What went over the wire since the test began, so many of the newest lines."""
        if self._board is None:
            return []
        return self._board.log.since(self._log_mark)[-lines:]

    def unanswered(self) -> str | None:
        """The command that the device has not answered, or None."""
        return None if self._bench is None else self._bench.unanswered

    def close(self) -> None:
        """Lets everything go."""
        if self._bench is not None:
            self._bench.close()
        if self._reference is not None:
            self._reference.close()

    def _log_folder(self, report: Path) -> Path:
        folder = report / "logs"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not self._logs_cleared and not self.settings.worker_name:
                self._logs_cleared = True
                remove_logs(folder)
        except OSError as error:
            raise HarnessError(
                f"a report folder that can be written expected, {report}: {error.strerror}",
                advice="give another --report-dir",
            ) from None
        return folder

    def _show_lines(self, when: float, kind: Kind, lines: list[bytes]) -> None:
        if kind is Kind.LOG:
            for line in lines:
                self._show(str(Line(when, kind, printable(line))))


_KEY = pytest.StashKey[Runtime]()


def runtime_of(config: pytest.Config) -> Runtime:
    """The run's runtime, made on first use."""
    runtime = config.stash.get(_KEY, None)
    if runtime is None:
        terminal = config.pluginmanager.get_plugin("terminalreporter")

        def show(line: str) -> None:
            if terminal is not None:
                terminal.ensure_newline()
                terminal.write_line(line)

        runtime = config.stash[_KEY] = Runtime(Settings.from_config(config), show)
    return runtime


def started_runtime(config: pytest.Config) -> Runtime | None:
    """The run's runtime, or None if no test has needed it."""
    return config.stash.get(_KEY, None)
