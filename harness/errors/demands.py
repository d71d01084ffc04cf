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


class _StateError(OutputMismatch):
    """A state that is not what it should be.

    Attributes:
        step: the first step that shows it, from 0.
    """

    def __init__(self, model: str, words: str, *, step: int, difference: str = "", conditions: str) -> None:
        super().__init__("\n".join(filter(None, [f"{model}: {words}", difference, f"on {conditions}"])))
        self.step = step


class StateLost(_StateError):
    """Something of what earlier calls had left was lost."""

    advice = (
        "find what resets the state or writes over it: an optimised LSTM kernel (CMSIS-NN's forgets; build the "
        "firmware with LSTM=reference), an interpreter built for each call, outputs copied to inputs from memory that "
        "TFLM has used again (copy staged, or open with preserve_all_tensors)"
    )


class StateKept(_StateError):
    """A model that began anew has begun with something else than the first time."""

    advice = (
        "find what is left from before: memory that is read before it is written, such as a variable without an "
        "initial value, or state in a kernel's own memory that Reset() does not reach"
    )


class LimitExceeded(HarnessError, AssertionError):
    """A measured figure is beyond its limit; an AssertionError too, so that pytest reports a failure."""

    advice = ""
