"""What a test found out, as plain values: so a report takes it from the process that ran it to the one that reports."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.record.model import MAX_MEASUREMENTS, Board
from harness.record.of_measurement import board_of, measurement_of
from harness.record.text import line
from harness.testing.runtime import Runtime, started_runtime

# The name of the report's attribute.
ATTRIBUTE = "tflm_found"
_LINES_OF_FAILURE = 100
_LINES = 20

Found = dict[str, Any]


def add_findings(report: pytest.TestReport, runtime: Runtime) -> None:
    """Has a report carry the figures so far, the board, and the end of the device's log."""
    board = board_entry(runtime)
    lines = runtime.test_log(_LINES_OF_FAILURE if report.failed else _LINES)
    vars(report)[ATTRIBUTE] = {
        "board": msgspec.to_builtins(board),
        "measurements": [
            msgspec.to_builtins(measurement_of(measured, board.name))
            for measured in runtime.measurements[:MAX_MEASUREMENTS]
        ],
        "log": runtime.log_name,
        "log_tail": [line(each) for each in lines],
    }


def board_entry(runtime: Runtime) -> Board:
    """The board of this process, whatever has become of it."""
    if runtime.conditions is None:
        # Several may be called "emulator" until each has got a number.
        worker = f" ({runtime.settings.worker_name})" if runtime.settings.worker_name else ""
        return Board(name=line(runtime.settings.board + worker), lost=_first_line(runtime))
    board = board_of(runtime.board_name, runtime.place, runtime.conditions)
    return msgspec.structs.replace(board, lost=_first_line(runtime))


def tell_board(config: pytest.Config, output: dict[str, Any]) -> None:
    """Has a worker hand its board to the process that reports, with what has become of it."""
    runtime = started_runtime(config)
    if runtime is not None:
        output["tflm_board"] = msgspec.to_builtins(board_entry(runtime))


def _first_line(runtime: Runtime) -> str | None:
    lost = runtime.lost or runtime.unusable
    return None if lost is None else line(lost)
