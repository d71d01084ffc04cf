"""A program under test in a process of its own: its words and its end are waited for, and it waits for ours."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

SECONDS = 60.0


class Program:
    """A running program; what it says, on both its outputs, is kept.

    Args:
        command: what to run.
        folder: where.
        environment: its variables.
        changed: is told when it has said a line, and when it has ended. Programs may share one.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], changed: threading.Condition
    ) -> None:
        self._changed = changed
        self._lines: list[str] = []
        self._silent = False
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=dict(environment),
        )
        self._reader = threading.Thread(target=self._read, name="reader of a program", daemon=True)
        self._reader.start()

    @property
    def said(self) -> str:
        """All that it has said so far."""
        with self._changed:
            return "".join(self._lines)

    @property
    def is_silent(self) -> bool:
        """Whether it can say no more: it has ended, or is about to."""
        return self._silent

    def await_words(self, words: str, seconds: float = SECONDS) -> None:
        """Waits until it has said something.

        Raises:
            AssertionError: it ended without, or the time is up.
        """
        self.await_that(lambda: self._silent or words in "".join(self._lines), repr(words), seconds)
        assert words in self.said, f"{words!r} expected, the program ended with: {self.said}"

    def await_that(self, reached: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
        """Waits until something is so; looked at whenever a program that shares our condition says something, or ends.

        Raises:
            AssertionError: it is not.
        """
        with self._changed:
            assert self._changed.wait_for(reached, seconds), f"{what} expected within {seconds:g} s, came: {self.said}"

    def go_on(self) -> None:
        """Lets a program that waits in `input()` go on."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def ended(self, seconds: float = SECONDS) -> tuple[int, str]:
        """Exit code and all that it said.

        Raises:
            AssertionError: it does not end.
        """
        self.await_that(lambda: self._silent, "an end", seconds)
        return self.process.wait(seconds), self.said

    def kill(self) -> None:
        """Ends it by force, as nothing that it could notice."""
        self.process.kill()
        self.process.wait(SECONDS)

    def close(self) -> None:
        """Ends it, if it has not ended."""
        self.kill()
        assert self.process.stdin is not None and self.process.stdout is not None
        self._reader.join(SECONDS)
        self.process.stdin.close()
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._silent = True
            self._changed.notify_all()
