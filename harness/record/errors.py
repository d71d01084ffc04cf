"""What can be wrong with the file of a run."""

from __future__ import annotations

from harness.errors import HarnessError


class RecordInvalid(HarnessError):
    """A file that is not a run's record, or not one that this version reads."""

    advice = "give the run.json that a run with --report-dir has written"
