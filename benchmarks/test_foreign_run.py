"""What the plugin costs a pytest run that has nothing to do with it: it is loaded wherever tflm-hil is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.pytest_run import WITHOUT_PLUGIN, require_installed_plugin, run_pytest
from benchmarks.rounds import by_turns
from benchmarks.table import Table

_LIMIT_SECONDS = 0.020
_ROUNDS = 25


@pytest.mark.timeout(300)
def test_an_unused_plugin_costs_a_foreign_run_next_to_nothing(tmp_path: Path, table: Table) -> None:
    require_installed_plugin()
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "test_foreign.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
    ours, theirs = by_turns(
        _ROUNDS,
        lambda: run_pytest(tmp_path).seconds,
        lambda: run_pytest(tmp_path, *WITHOUT_PLUGIN).seconds,
    )
    harness, bare = min(ours), min(theirs)
    cost = harness - bare
    table.judge(
        "foreign run, plugin unused",
        f"{harness:.3f} s",
        f"{bare:.3f} s",
        f"{cost * 1e3:+.1f} ms",
        f"< {_LIMIT_SECONDS * 1e3:g} ms",
        ok=cost < _LIMIT_SECONDS,
    )
