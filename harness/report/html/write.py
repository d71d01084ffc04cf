"""Writes the report of a run."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from harness.errors import HarnessError
from harness.record.model import Run
from harness.report.html.background import Background
from harness.report.html.page import page

FILE_NAME = "report.html"


class ReportNotWritten(HarnessError):
    """The report has no place to be."""

    advice = "make room, or name another file"


def write_report(run: Run, path: Path, background: Background | None = None, *, beside_logs: bool = True) -> Path:
    """Writes the report of a run, whole or not at all.

    Args:
        run: the run.
        path: the file, or a folder, in which it is called report.html.
        background: what the run was held against, and the nights before, where that is known.
        beside_logs: whether that is the record's folder, so that links to logs lead there.

    Returns:
        The file.

    Raises:
        ReportNotWritten: it cannot be written.
    """
    target = path / FILE_NAME if path.is_dir() else path
    html = page(run, background or Background(), beside_logs=beside_logs)
    fresh = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(prefix=f".{target.name[:100]}.", dir=target.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(html.encode())
        # mkstemp's are for the user alone; a report is for whoever may read the folder.
        Path(fresh).chmod(0o644)
        Path(fresh).replace(target)
    except OSError as error:
        if fresh is not None:
            with contextlib.suppress(OSError):
                Path(fresh).unlink()
        raise ReportNotWritten(f"the report cannot be written to {target}: {error.strerror}") from None
    return target
