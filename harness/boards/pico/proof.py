"""Whether the last flashing of a board was proved: noted beside the locks, for this run and for others after it.

What was written in part, or reads back otherwise, may start all the same and tell the build that was wanted. Until a
flashing is proved by comparison and by the firmware's answer, nothing on that board counts as unchanged.
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.boards.pico.lock import file_of, open_for_all
from harness.boards.pico.names import Target


class Proof:
    """Of a board: by its place, and by its serial number where that is known. Its lock must be held.

    Args:
        folder: from `lock_folder`. It does not outlast a restart of the computer.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, target: Target) -> None:
        """From now on it is not known what is on the board.

        Raises:
            LocksUnusable: that cannot be noted.
        """
        for path in self._files(target):
            fd = open_for_all(path)
            try:
                os.write(fd, b"?")
            finally:
                os.close(fd)

    def done(self, target: Target) -> None:
        """What is on the board is what was to be written.

        Raises:
            LocksUnusable: that cannot be noted.
        """
        for path in self._files(target):
            if self._is_noted(path):
                fd = open_for_all(path)
                try:
                    os.ftruncate(fd, 0)
                finally:
                    os.close(fd)

    def lacking(self, target: Target) -> bool:
        """Whether a flashing was begun and not proved."""
        return any(self._is_noted(path) for path in self._files(target))

    def _files(self, target: Target) -> list[Path]:
        keys = [f"port-{target.port_path}"]
        if target.serial is not None:
            keys.append(f"serial-{target.serial}")
        return [file_of(self._folder, key, "unproved") for key in keys]

    @staticmethod
    def _is_noted(path: Path) -> bool:
        try:
            return path.lstat().st_size > 0
        except OSError:
            return False
