"""The error of a data set."""

from __future__ import annotations

from harness.errors import HarnessError


class DatasetError(HarnessError):
    """A file of a data set cannot be read, or does not fit the model.

    Attributes:
        path: the file, as text.
        line: the line of a text file, counted from 1; None where none can be named.
    """

    def __init__(self, message: str, *, path: str, line: int | None = None, advice: str | None = None) -> None:
        super().__init__(message, advice=advice)
        self.path = path
        self.line = line
