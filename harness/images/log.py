"""An image's log: lines with the time since its port was opened, bounded in memory and on disk."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from pathlib import Path

from harness.protocol.devicelog import printable

# What a report has of it: the newest lines.
KEPT_CHARS = 64 * 1024
# What a file has of it: the oldest lines.
FILE_CHARS = 16 * 1024 * 1024


class ImageLog:
    """Takes lines as they come.

    Args:
        shown: is given each line, ready to be shown.
        file: where the log goes too; None for nowhere.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, shown: Callable[[str], None], file: Path | None = None) -> None:
        self._shown = shown
        self._newest: deque[str] = deque()
        self._chars = 0
        self._room = FILE_CHARS
        self._dropped = 0
        self._last = ""
        self._file = None if file is None else file.open("w", encoding="utf-8")

    def add(self, seconds: float, raw: bytes) -> None:
        """Adds a line that came so many seconds after the port was opened."""
        self._last = printable(raw)
        line = f"{seconds:9.3f}  {self._last}"
        self._newest.append(line)
        self._chars += len(line) + 1
        while self._chars > KEPT_CHARS:
            self._chars -= len(self._newest.popleft()) + 1
            self._dropped += 1
        self._to_file(line)
        self._shown(line)

    @property
    def last(self) -> str:
        """The newest line's text, "" if none came."""
        return self._last

    def text(self) -> str:
        """The newest lines."""
        head = [f"({self._dropped:,} lines before these are left out)"] if self._dropped else []
        return "\n".join([*head, *self._newest])

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None

    def _to_file(self, line: str) -> None:
        if self._file is None or self._room <= 0:
            return
        self._room -= len(line) + 1
        self._file.write(f"{line}\n")
        if self._room <= 0:
            self._file.write(f"(the rest is left out: more than {FILE_CHARS:,} characters)\n")
        self._file.flush()
