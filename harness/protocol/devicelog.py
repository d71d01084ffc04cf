"""What a device has said, with the host's time of arrival: a bounded ring in memory and, on request, sinks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

MAX_BYTES = 1024 * 1024
MAX_SHOWN_CHARS = 400
# Counted for every line besides its text, so that a flood of empty lines is bounded too.
_LINE_OVERHEAD = 60


class Kind(Enum):
    """Where a line comes from; the value is the mark it is shown with."""

    LOG = " "
    COMMAND = ">"
    RECORD = "<"


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        time: host time of arrival, in seconds since the epoch.
        kind: log line, command sent, or record received.
        text: printable text; control characters and bytes that are not UTF-8 are escaped.
    """

    time: float
    kind: Kind
    text: str

    def __str__(self) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(self.time)) + f".{int(self.time % 1 * 1000):03d}"
        return f"{clock} {self.kind.value} {self.text}"


Batch = tuple[float, Kind, list[bytes]]
Sink = Callable[[float, Kind, list[bytes]], None]


def printable(raw: bytes) -> str:
    """A device's bytes as text that is safe to show: no control characters, no terminal sequences, bounded."""
    text = raw[: 4 * MAX_SHOWN_CHARS].rstrip(b"\r").decode("utf-8", "backslashreplace")
    text = "".join(c if c.isprintable() or c == "\t" else c.encode("unicode_escape").decode("ascii") for c in text)
    if len(text) > MAX_SHOWN_CHARS:
        text = f"{text[:MAX_SHOWN_CHARS]}... ({len(raw):,} bytes)"
    return text


class DeviceLog:
    """The newest `MAX_BYTES` of lines, kept as they came: text is made only of what is shown.

    Thread-safe: a reader thread adds, tests read.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._batches: deque[tuple[int, Batch]] = deque()
        self._bytes = 0
        self._next = 0
        self._sinks: list[Sink] = []

    def add(self, kind: Kind, lines: list[bytes]) -> None:
        """Adds lines that arrived together, at the present time."""
        now = self._clock()
        size = sum(map(len, lines)) + _LINE_OVERHEAD * len(lines)
        with self._lock:
            self._batches.append((self._next, (now, kind, lines)))
            self._next += len(lines)
            self._bytes += size
            while self._bytes > MAX_BYTES and len(self._batches) > 1:
                _, (_, _, dropped) = self._batches.popleft()
                self._bytes -= sum(map(len, dropped)) + _LINE_OVERHEAD * len(dropped)
            for sink in self._sinks:
                sink(now, kind, lines)

    def add_sink(self, sink: Sink) -> Callable[[], None]:
        """Calls `sink` with every batch from now on, in the reader's thread; returns what removes it again."""
        with self._lock:
            self._sinks.append(sink)

        def remove() -> None:
            with self._lock:
                self._sinks.remove(sink)

        return remove

    def mark(self) -> int:
        """The present end, for `since`."""
        return self._next

    def since(self, mark: int, kinds: Iterable[Kind] = tuple(Kind)) -> list[Line]:
        """All lines after `mark` that the ring still holds."""
        wanted = set(kinds)
        with self._lock:
            batches = [(first, batch) for first, batch in self._batches if first + len(batch[2]) > mark]
        return [
            Line(when, kind, printable(raw))
            for first, (when, kind, lines) in batches
            if kind in wanted
            for raw in lines[max(0, mark - first) :]
        ]

    def newest(self, count: int, *, since: int = 0, kinds: Iterable[Kind] = (Kind.LOG,)) -> list[str]:
        """The texts of the newest `count` lines after `since` that are not empty, oldest first."""
        wanted = set(kinds)
        found: list[bytes] = []
        with self._lock:
            for first, (_, kind, lines) in reversed(self._batches):
                if first + len(lines) <= since or len(found) >= count:
                    break
                if kind in wanted:
                    found.extend(
                        line for line in reversed(lines[max(0, since - first) :][-4 * count :]) if line.strip()
                    )
        return [printable(raw) for raw in reversed(found[:count])]
