"""Errors of baselines."""

from __future__ import annotations

from harness.errors import HarnessError, Misuse


class ThresholdError(Misuse, ValueError):
    """A text is no threshold, or none for this figure."""

    advice = 'write "exact", "watch", or how far it may move the wrong way: "+2 %", "+64 B", "+2 % or +64 B", "-0.5 pp"'


class BaselineError(HarnessError):
    """A baseline file cannot be read or written, or does not say what it must.

    Attributes:
        path: the file, as text.
    """

    advice = "correct the file, or write it again: `tflm-hil baseline save RUN.json`"

    def __init__(self, message: str, *, path: str, advice: str | None = None) -> None:
        super().__init__(f"{path}: {message}", advice=advice)
        self.path = path
