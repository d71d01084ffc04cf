"""The emulated RP2040 as a virtual board's application: `harness.boards.emulator.device`, by its own line protocol."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from harness.boards.emulator.process import DEVICE_COMMAND

_STOP_SECONDS = 5.0
_READ_BYTES = 4096


class EmulatedChip:
    """A running emulated board.

    Args:
        flash: the file of its flash, which it reads at its start and writes when its program changes it.
        unique_id: the flash chip's.
        heard: is given each line that the device tells, in a thread of this object's; "" when it has ended.
    """

    def __init__(self, flash: Path, unique_id: bytes, heard: Callable[[EmulatedChip, str], None]) -> None:
        self._heard = heard
        self._process = subprocess.Popen(
            [*DEVICE_COMMAND, "--flash", str(flash), "--unique-id", unique_id.hex()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        threading.Thread(target=self._listen, name="listener to the emulated chip", daemon=True).start()

    def request_reset(self, mode: str) -> None:
        """Sends the reset interface's request to the firmware."""
        self._tell(f"request-reset {'bootsel' if mode == 'bootsel' else 'flash'}")

    def stop(self) -> None:
        """Ends it; its flash is in its file then."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            os.write(self._process.stdin.fileno(), f"{line}\n".encode("ascii"))

    def _listen(self) -> None:
        assert self._process.stdout is not None
        rest = b""
        with self._process.stdout as out:
            while data := os.read(out.fileno(), _READ_BYTES):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._heard(self, line.decode("utf-8", "replace"))
        self._heard(self, "")
