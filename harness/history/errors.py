"""Errors of the history."""

from __future__ import annotations

from harness.errors import HarnessError


class HistoryError(HarnessError):
    """The database of past runs cannot be used."""

    advice = "is it the file that `tflm-hil history import` made? Import runs into a new one: --db FILE"


class HistoryDamaged(HistoryError):
    """The file is no such database, or a broken one."""

    advice = "move it away, and import the runs again from their run.json files"


class HistoryBusy(HistoryError):
    """Another process holds the database for longer than was waited."""

    advice = "wait for the other process to end, then repeat: what was imported already is not imported twice"


class JUnitError(HarnessError):
    """A file is no JUnit report, or not one with this harness's figures."""

    advice = "give the run.json of a run with --report-dir, or the file that --junitxml named"
