"""What the benchmarks share: the compiled device, and the table at the end of the run."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from benchmarks.fake_c_device import compile_device, find_compiler
from benchmarks.table import Table

_TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TABLE] = Table()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    table = config.stash[_TABLE]
    if table.rows:
        terminalreporter.section("what the harness costs")
        python = f"{platform.python_implementation()} {platform.python_version()}"
        terminalreporter.write_line(f"{python}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores")
        for line in table.lines():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def table(pytestconfig: pytest.Config) -> Table:
    """Where a benchmark puts its figures."""
    return pytestconfig.stash[_TABLE]


@pytest.fixture(scope="session")
def device_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fake device, compiled; skips where there is no C compiler."""
    compiler = find_compiler()
    if compiler is None:
        pytest.skip("the fake device is a C program, and there is no gcc, cc or clang here to compile it")
    return compile_device(compiler, tmp_path_factory.mktemp("device"))
