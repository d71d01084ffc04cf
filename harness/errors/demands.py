"""What a test or a case demanded, and cannot have."""

from __future__ import annotations

from harness.errors.root import HarnessError


class CaseError(HarnessError):
    """A YAML case file is wrong.

    Attributes:
        path: the file, as text.
        line: the line, counted from 1, or None where none can be named.
    """

    advice = ""

    def __init__(self, message: str, *, path: str, line: int | None = None, advice: str | None = None) -> None:
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {message}", advice=advice)
        self.path = path
        self.line = line


class ReferenceUnavailable(HarnessError):
    """TFLM's own interpreter cannot run on this computer."""

    advice = "use x86-64 Linux with CPython 3.10-3.14, or golden files made there"


class OutputMismatch(HarnessError, AssertionError):
    """Outputs differ from what was expected; an AssertionError too, so that pytest reports a failure."""

    advice = ""


class LimitExceeded(HarnessError, AssertionError):
    """A measured figure is beyond its limit; an AssertionError too, so that pytest reports a failure."""

    advice = ""
