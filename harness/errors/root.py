"""The root of all errors, and the one of a call that is wrong."""

from __future__ import annotations

from collections.abc import Iterable


class HarnessError(Exception):
    """Root of all errors of the harness.

    Args:
        message: what was expected and what came.
        advice: what to do about it; each subclass brings a default.
        log: the newest lines that the device sent, oldest first.
    """

    advice: str = ""

    def __init__(self, message: str, *, advice: str | None = None, log: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        if advice is not None:
            self.advice = advice
        self.log: tuple[str, ...] = tuple(log)

    def __str__(self) -> str:
        parts = [self.message]
        if self.log:
            parts.append("last lines from the device:")
            parts.extend(f"  | {line}" for line in self.log)
        if self.advice:
            parts.append(f"what to do: {self.advice}")
        return "\n".join(parts)


class Misuse(HarnessError):
    """A test asks for what cannot be: wrong shape or dtype, a closed session, a figure that was not measured."""

    advice = "correct the test"
