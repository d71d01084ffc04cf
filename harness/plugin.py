"""The pytest plugin: options, fixtures and hooks. Thin on purpose, and light to import: every pytest run on a machine
where tflm-hil is installed loads this file, so whatever is heavy is imported only where it is used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.bench import Bench
    from harness.boards.board import Board
    from harness.models.reference import Reference
    from harness.report.summary import Figures
    from harness.session import Session
    from harness.testing.runtime import Runtime

_FIXTURES = frozenset({"board", "bench", "open_model", "reference"})
_OPTIONS_WITH_PATHS = frozenset({"--board", "--inventory", "--firmware", "--report-dir"})


# Before pytest begins to capture what is written.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Has `--board /dev/ttyACM0` mean the same as `--board=/dev/ttyACM0`.

    pytest looks for its ini-file before it knows the options of plugins. In the first form it takes the port for a
    folder of tests, looks for the file around /dev, and finds none. So it is started once more with the second form.
    """
    given = early_config.invocation_params
    joined = _with_joined_paths(given.args, given.dir)
    if joined != list(given.args):
        raise SystemExit(pytest.main(joined, plugins=given.plugins))
    return (yield)


def _with_joined_paths(arguments: Sequence[str], folder: Path) -> list[str]:
    """The same arguments, each option in one piece with its path if that is elsewhere than in the folder.

    Whether it exists is not asked: it may when pytest-xdist's workers read the same arguments.
    """
    joined: list[str] = []
    for argument in map(str, arguments):
        path = Path(os.path.normpath(folder / argument))
        if joined and joined[-1] in _OPTIONS_WITH_PATHS and not path.is_relative_to(folder):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tflm-hil", "TensorFlow Lite Micro, hardware in the loop")
    group.addoption(
        "--board",
        action="append",
        default=[],
        metavar="NAME",
        help="the board to test on (default: host); several times, or emulator:4, with -n auto: they share the tests",
    )
    group.addoption(
        "--inventory", default=None, metavar="FILE", help="names of boards (default: boards.yaml, if there is one)"
    )
    group.addoption(
        "--board-wait",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="wait so long for another run that has the board (default: 0)",
    )
    group.addoption(
        "--firmware",
        default=None,
        metavar="PATH",
        help="the firmware's UF2, for boards that have one (default: the one that `make firmware` built)",
    )
    group.addoption(
        "--flash",
        choices=("auto", "always", "never"),
        default="auto",
        help="flash the board: auto, only if something needed is not on it (default); always; never",
    )
    group.addoption("--board-log", action="store_true", help="show the device's log as it comes")
    group.addoption(
        "--case",
        action="append",
        default=[],
        metavar="PATTERN",
        help="run only YAML cases of this name (glob, repeatable)",
    )
    group.addoption("--report-dir", default=None, metavar="DIR", help="write the device log of each test to DIR/logs")
    group.addoption(
        "--update-golden", action="store_true", help="write golden files instead of only comparing with them"
    )
    parser.addini("tflm_firmware", "the firmware's UF2, if --firmware names none", default="")
    parser.addini("tflm_models", "folders of .tflite files that tests can open by name", type="args", default=[])


# --- YAML cases ------------------------------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix not in (".yaml", ".yml"):
        return None
    from harness.cases.mark import is_case_file

    if not is_case_file(file_path) and not parent.session.isinitpath(file_path):
        return None
    from harness.testing.items import collect_case_file

    return collect_case_file(file_path, parent)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    patterns = config.getoption("--case")
    if patterns:
        from harness.testing.items import choose_cases

        choose_cases(config, items, patterns)


# --- the run ---------------------------------------------------------------------------------------------------------


def _uses_board(item: pytest.Item) -> bool:
    wanted = _FIXTURES.intersection(getattr(item, "fixturenames", ()))
    info = getattr(item, "_fixtureinfo", None)
    return bool(wanted) if info is None else any(_is_ours(name, info.name2fixturedefs) for name in wanted)


def _is_ours(name: str, definitions: dict[str, Any]) -> bool:
    """Whether a fixture is this file's, or one of the user's of the same name that builds on it."""
    found = definitions.get(name)
    if not found:
        return False
    return found[-1].func.__module__ == __name__ or (name in found[-1].argnames and len(found) > 1)


@pytest.hookimpl(trylast=True)
def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str] | None:
    if config.getoption("collectonly") or not any(map(_uses_board, items)):
        return None
    from harness.testing.header import start_and_describe

    return start_and_describe(config, items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None and "harness.testing.runtime" in sys.modules:
        from harness.testing.findings import tell_board

        tell_board(session.config, output)


def pytest_unconfigure(config: pytest.Config) -> None:
    # Nothing to end where nothing was started; a foreign run does not even import it.
    if "harness.testing.runtime" in sys.modules:
        from harness.testing.runtime import started_runtime

        runtime = started_runtime(config)
        if runtime is not None:
            runtime.close()


# --- each test -------------------------------------------------------------------------------------------------------


def _runtime(config: pytest.Config) -> Runtime:
    from harness.testing.runtime import runtime_of

    return runtime_of(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if not getattr(item.config, "workerinput", {}).get("tflm_passes_over") or not _uses_board(item):
        return None
    from harness.testing.passing_over import passes_over

    return passes_over(item, nextitem) or None


# The innermost wrapper: if the board cannot be used, what pytest itself does around a set-up has been done.
@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    if _uses_board(item):
        from harness.testing.failures import in_words
        from harness.testing.passing_over import skip_other_kinds

        skip_other_kinds(item)
        runtime = _runtime(item.config)
        try:
            with in_words():
                runtime.begin_test(item.nodeid)
        finally:
            if runtime.lost is not None:
                # No test after this one could run; each would only take its time to find that out.
                item.session.shouldfail = runtime.lost
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    try:
        return (yield)
    finally:
        if _uses_board(item):
            from harness.report.properties import PREFIX, properties

            runtime = _runtime(item.config)
            runtime.end_test()
            # A test that runs again has those of its last attempt.
            item.user_properties[:] = [each for each in item.user_properties if not each[0].startswith(PREFIX)]
            item.user_properties.extend(properties(runtime.measurements))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    if not _uses_board(item):
        return (yield)
    from harness.testing.failures import add_device_log, trim_traceback

    if call.excinfo is not None:
        trim_traceback(call.excinfo)
    report = yield
    runtime = _runtime(item.config)
    if report.failed:
        add_device_log(report, runtime.test_log(), runtime.unanswered())
    if report.failed or report.when != "setup":
        from harness.testing.findings import add_findings

        add_findings(report, runtime)
    if runtime.measurements and (report.when == "call" or report.failed):
        from harness.report.summary import figures

        # Plain values, so that a report that crosses a process boundary keeps them.
        name = runtime.board_name
        vars(report)["tflm_figures"] = [{**figures(each), "board": name} for each in runtime.measurements]
    if runtime.golden_updates and report.when == "call":
        vars(report)["tflm_golden"] = list(runtime.golden_updates)
    return report


# --- the end of the run ----------------------------------------------------------------------------------------------


class _Summary:
    """Collects the figures that reports bring and prints the table; a plugin of its own because it keeps them."""

    def __init__(self) -> None:
        self._tests: dict[str, tuple[bool, list[Figures]]] = {}
        self._golden: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        figures = getattr(report, "tflm_figures", None)
        if figures:
            before, _ = self._tests.get(report.nodeid, (True, []))
            self._tests[report.nodeid] = (before and not report.failed, figures)
        if report.outcome not in ("passed", "failed", "skipped"):
            # An attempt that pytest-rerunfailures does not let count.
            self._tests.pop(report.nodeid, None)
        self._golden.extend(getattr(report, "tflm_golden", ()))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._golden:
            terminalreporter.section("golden files")
            for line in sorted(self._golden):
                terminalreporter.write_line(line)
        if self._tests:
            from harness.report.summary import SummaryTable

            table = SummaryTable()
            for nodeid, (passed, figures) in self._tests.items():
                table.add(nodeid, passed, figures)
            terminalreporter.section("models")
            writer = terminalreporter._tw
            for line in table.render(writer.fullwidth, color=writer.hasmarkup).splitlines():
                terminalreporter.write_line(line)


# Before pytest's own JUnit plugin looks for its file.
@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "board_kind(*kinds): a test for boards of these kinds: host, emulator, pico")
    config.pluginmanager.register(_Summary(), "tflm-hil-summary")
    asked = config.getoption("--report-dir") or config.getoption("--board") or config.option.xmlpath
    if hasattr(config, "workerinput") or not asked:
        return
    from harness.testing.reporting import register_reporting

    register_reporting(config)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    if not config.getoption("--board"):
        return None
    from harness.testing.spreading import workers_for

    return workers_for(config)


# --- fixtures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def bench(pytestconfig: pytest.Config) -> Bench:
    """The bench: the board that --board names, flashed with the models that tests need."""
    return _runtime(pytestconfig).bench


@pytest.fixture(scope="session")
def board(bench: Bench) -> Board:
    """The board that --board names, running."""
    return bench.board


@pytest.fixture
def open_model(bench: Bench) -> Callable[..., Session]:
    """Opens a model: `open_model("name", arena=8 * KiB)`; see `Bench.open`. Sessions are closed after the test."""
    return bench.open


@pytest.fixture(scope="session")
def reference(pytestconfig: pytest.Config) -> Callable[[str | Path], Reference]:
    """What TFLM itself computes on this computer: `reference("name").run(sequence)`.

    Skips the test, with the reason, where TFLM's interpreter cannot run.
    """
    from harness.models.reference import Reference
    from harness.tflm.availability import why_unavailable

    reason = why_unavailable()
    if reason is not None:
        pytest.skip(reason)
    runtime = _runtime(pytestconfig)

    def of(model: str | Path) -> Reference:
        return Reference(runtime.reference_engine(), runtime.library.find(model))

    return of
