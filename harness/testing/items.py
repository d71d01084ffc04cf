"""YAML cases as pytest items."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from harness.cases.load import Case, load_cases
from harness.cases.mark import MARK, is_case_file
from harness.errors import CaseError, HarnessError, ReferenceUnavailable


class CaseItem(pytest.Item):
    """One case of a YAML file."""

    # What the plugin's hooks look for: a case needs a board as a test with these fixtures does.
    fixturenames = ("bench",)

    def __init__(self, *, case: Case, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.case = case

    def runtest(self) -> None:
        from harness.cases.run import CaseTools, run_case
        from harness.testing.runtime import runtime_of

        runtime = runtime_of(self.config)
        tools = CaseTools(
            runtime.bench,
            runtime.reference_engine,
            runtime.settings.update_golden,
            lambda update: runtime.golden_updates.append(str(update)),
        )
        try:
            run_case(self.case, tools)
        except ReferenceUnavailable as error:
            pytest.skip(error.message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, HarnessError):
            return f"{type(excinfo.value).__name__}: {excinfo.value}\n\n{self.case.path}:{self.case.line}"
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.case.path, self.case.line - 1, self.name


class CaseFile(pytest.File):
    """A YAML file of cases."""

    def collect(self) -> Iterable[CaseItem]:
        for case in load_cases(self.path):
            name = f"{Path(case.model).stem}[{case.spec.name}]"
            # Given as text, pytest parses it as it does those that it has kept; else --lf would not know it again.
            yield CaseItem.from_parent(self, name=name, nodeid=f"{self.nodeid}::{name}", case=case)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        if isinstance(excinfo.value, HarnessError):
            return str(excinfo.value)
        return super().repr_failure(excinfo)


class _ForeignFile(pytest.File):
    """A YAML file without our mark that was named on the command line."""

    def collect(self) -> Iterable[pytest.Item]:
        raise CaseError(
            "not a case file: its first key is not tflm-hil",
            path=str(self.path),
            line=1,
            advice=f"begin a case file with the line `{MARK} 1`",
        )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        return str(excinfo.value)


def collect_case_file(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for the file, if it is one of ours."""
    if is_case_file(path):
        return CaseFile.from_parent(parent, path=path)
    if parent.session.isinitpath(path):
        return _ForeignFile.from_parent(parent, path=path)
    return None


def choose_cases(config: pytest.Config, items: list[pytest.Item], patterns: list[str]) -> None:
    """Keeps the cases whose name, id, or node id matches one of the patterns, and deselects all else.

    Raises:
        pytest.UsageError: a pattern matches nothing.
    """
    cases = [item for item in items if isinstance(item, CaseItem)]
    chosen: list[pytest.Item] = []
    for pattern in patterns:
        found = [item for item in cases if _matches(item, pattern)]
        if not found:
            names = ", ".join(item.name for item in cases) or "none"
            raise pytest.UsageError(f"--case {pattern!r} matches no case; there are: {names}")
        chosen.extend(found)
    deselected = [item for item in items if item not in chosen]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item in chosen]


def _matches(item: CaseItem, pattern: str) -> bool:
    # [ and ] stand in every id and mean a set of characters to fnmatch: first they are taken as they are.
    names = (item.case.spec.name, item.name, item.nodeid)
    escaped = pattern.replace("[", "[[]")
    return any(fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(name, escaped) for name in names)
