"""The device log of one test, as a file."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path

from harness.protocol.devicelog import DeviceLog, Kind, Line, printable

MAX_FILE_BYTES = 16 * 1024 * 1024
_MAX_NAME = 100
_OURS = re.compile(r".*-[0-9a-f]{8}\.log")


def log_file_name(nodeid: str) -> str:
    """A file name for a test: readable, safe, and no two the same."""
    # Neither hidden nor taken for an option: the first character is a letter or a digit.
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", nodeid)[-_MAX_NAME:].strip("_.-") or "test"
    return f"{name}-{hashlib.sha256(nodeid.encode()).hexdigest()[:8]}.log"


def remove_logs(folder: Path) -> None:
    """Removes logs of an earlier run, which would be taken for this one's, and nothing else.

    Raises:
        OSError: one cannot be removed.
    """
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name):
            path.unlink()


class LogFile:
    """Writes what a device says from now on, line by line with the time of arrival, up to `MAX_FILE_BYTES`."""

    def __init__(self, path: Path, log: DeviceLog) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._room = MAX_FILE_BYTES
        self._remove = log.add_sink(self._write)

    def close(self) -> None:
        """Ends it."""
        self._remove()
        with contextlib.suppress(OSError):
            self._file.close()

    def _write(self, when: float, kind: Kind, lines: list[bytes]) -> None:
        if self._room <= 0:
            return
        text = "".join(f"{Line(when, kind, printable(line))}\n" for line in lines)
        self._room -= len(text)
        # This is the thread that reads from the device: a full disk must not end it.
        try:
            self._file.write(text)
            if self._room <= 0:
                self._file.write(f"(no more than {MAX_FILE_BYTES:,} bytes are kept)\n")
        except OSError:
            self._room = 0
