"""How a failure is shown: without the harness's inside, with what the device said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pytest

import harness
from harness.errors import HarnessError
from harness.protocol.devicelog import Line

_INSIDE = str(Path(harness.__file__).parent) + "/"


def trim_traceback(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Ends the traceback of an error that is meant for the test's author at the author's own line.

    Errors of the harness and outcomes of pytest (a timeout, a skip) are cut; what else comes up from inside is a bug of
    the harness, and keeps every frame.
    """
    error = excinfo.value
    if not isinstance(error, HarnessError | pytest.fail.Exception | KeyboardInterrupt):
        return
    error.__cause__ = None
    error.__suppress_context__ = True
    outside: list[TracebackType] = []
    entry = error.__traceback__
    while entry is not None:
        if entry.tb_frame.f_code.co_filename.startswith(_INSIDE):
            if any(map(_of_author, outside)):
                break
        outside.append(entry)
        entry = entry.tb_next
    if not any(map(_of_author, outside)):
        return
    trimmed: TracebackType | None = None
    for kept in reversed(outside):
        trimmed = TracebackType(trimmed, kept.tb_frame, kept.tb_lasti, kept.tb_lineno)
    error.__traceback__ = trimmed
    excinfo._excinfo = (type(error), error, trimmed)  # type: ignore[assignment]
    excinfo.__dict__.pop("_traceback", None)


def _of_author(entry: TracebackType) -> bool:
    """Whether a frame belongs to neither the harness nor pytest."""
    path = entry.tb_frame.f_code.co_filename
    return not path.startswith(_INSIDE) and not any(part in path for part in ("/_pytest/", "/pluggy/"))


def add_device_log(report: pytest.TestReport, lines: Sequence[Line]) -> None:
    """Adds what went over the wire to a failure, where the terminal and JUnit both show it."""
    if not lines:
        return
    title = "device log (host time; > sent, < received)"
    text = "\n".join(map(str, lines))
    longrepr = report.longrepr
    add = getattr(longrepr, "addsection", None)
    if add is not None:
        add(title, text)
    else:
        report.longrepr = f"{longrepr}\n\n{title}\n{text}"
