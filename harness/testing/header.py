"""Starts the board once pytest knows what will run, and says which one it is."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pytest

from harness.errors import HarnessError
from harness.models.library import is_file
from harness.testing.runtime import Runtime, runtime_of

if TYPE_CHECKING:
    from harness.models.tflite import TfliteModel


def start_and_describe(config: pytest.Config, items: Iterable[pytest.Item]) -> list[str]:
    """Starts the board with the models that the chosen cases name. One line or a few about it.

    A board that cannot be used is said here; each test that needs it then fails with the same words.
    """
    runtime = runtime_of(config)
    try:
        flashed = runtime.start(_models_of_cases(runtime, items))
        told = runtime.bench.conditions
    except HarnessError as error:
        return [
            f"board: NOT USABLE: {line}" if number == 0 else line for number, line in enumerate(str(error).split("\n"))
        ]
    lines = [f"board: {told.describe(runtime.bench.board.place)}, {told.compiler}; {flashed.text}"]
    if told.pointer_bits != 32:
        lines.append(f"arena bytes are those of a {told.pointer_bits}-bit {told.kind}, not those of a Pico")
    lines.extend(f"warning: {notice}" for notice in runtime.bench.notices)
    return lines


def _models_of_cases(runtime: Runtime, items: Iterable[pytest.Item]) -> list[TfliteModel]:
    if "harness.testing.items" not in sys.modules:
        # No case was collected.
        return []
    from harness.testing.items import CaseItem

    found: dict[str, TfliteModel] = {}
    for item in items:
        if not isinstance(item, CaseItem):
            continue
        path = item.case.resolve(item.case.model)
        try:
            model = runtime.library.load(path) if is_file(path) else runtime.library.find(item.case.model)
        except HarnessError:
            # The case itself will say so when it runs.
            continue
        found.setdefault(model.name, model)
    return list(found.values())
