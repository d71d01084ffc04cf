"""Writes the record of a run."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import msgspec

from harness.record.errors import RecordInvalid
from harness.record.model import Run

FILE_NAME = "run.json"


def write_record(folder: Path, run: Run) -> Path:
    """Writes `run.json` whole or not at all: who reads meanwhile finds the old one or the new one.

    Returns:
        The file.

    Raises:
        RecordInvalid: it cannot be written.
    """
    target = folder / FILE_NAME
    encoded = msgspec.json.encode(run)
    fresh = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(prefix=f".{FILE_NAME}.", dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(encoded)
            file.write(b"\n")
        # mkstemp's are for the user alone; a report is for whoever may read the folder.
        Path(fresh).chmod(0o644)
        Path(fresh).replace(target)
    except OSError as error:
        if fresh is not None:
            with contextlib.suppress(OSError):
                Path(fresh).unlink()
        raise RecordInvalid(
            f"the run's record cannot be written to {target}: {error.strerror}",
            advice="make room, or give another --report-dir",
        ) from None
    return target
