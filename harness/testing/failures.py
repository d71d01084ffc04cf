"""How a failure is shown: without the harness's inside, with what the device said."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
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
    entries = list(excinfo.traceback)
    authors = [number for number, entry in enumerate(entries) if _is_authors(str(entry.path))]
    if not authors:
        return
    first_inside = next((n for n in range(authors[0], len(entries)) if str(entries[n].path).startswith(_INSIDE)), None)
    if first_inside is None:
        return
    error.__cause__ = None
    error.__suppress_context__ = True
    trimmed: TracebackType | None = None
    for entry in reversed(entries[:first_inside]):
        raw = entry._rawentry
        trimmed = TracebackType(trimmed, raw.tb_frame, raw.tb_lasti, raw.tb_lineno)
    assert trimmed is not None
    error.__traceback__ = trimmed
    # Made of the shortened chain, not cut out of the old one: pytest's own filters go along the chain again.
    excinfo.traceback = type(excinfo.traceback)(trimmed)


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Turns an error of the harness, where no line of a test stands behind it, into its words alone."""
    try:
        yield
    except HarnessError as error:
        pytest.fail(f"{type(error).__name__}: {error}", pytrace=False)


def _is_authors(path: str) -> bool:
    """Whether a file belongs to neither the harness nor pytest."""
    return not path.startswith(_INSIDE) and not any(part in path for part in ("/_pytest/", "/pluggy/"))


def add_device_log(report: pytest.TestReport, lines: Sequence[Line], unanswered: str | None) -> None:
    """Adds what went over the wire to a failure, where the terminal and JUnit both show it.

    Args:
        report: of the failure.
        lines: what was said.
        unanswered: the command that the device was still busy with.
    """
    if not lines:
        return
    title = "device log (host time; > sent, < received)"
    text = "\n".join(map(str, lines))
    if unanswered is not None:
        text += f"\n(no answer has come to `{unanswered}`)"
    longrepr = report.longrepr
    add = getattr(longrepr, "addsection", None)
    if add is not None:
        add(title, text)
    else:
        report.longrepr = f"{longrepr}\n\n{title}\n{text}"
