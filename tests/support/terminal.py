"""A device as a person in a serial terminal meets it: raw bytes in, text and records out."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import serial

from harness.deadline import Deadline
from harness.flash.pack import ModelPack

# Far beyond what any answer takes, on a computer with much else to do too.
SECONDS = 60.0
ARENA = 16384

Record = dict[str, Any]


class Terminal:
    """An open port.

    Args:
        port: its name.
    """

    def __init__(self, port: str) -> None:
        self.name = port
        self.port = serial.Serial(port, timeout=0, write_timeout=0)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.port.fileno(), selectors.EVENT_READ)
        self._writable = selectors.DefaultSelector()
        self._writable.register(self.port.fileno(), selectors.EVENT_WRITE)
        self._rest = b""
        self.sessions: list[int] = []

    def type(self, data: str | bytes) -> None:
        """Sends bytes as they are."""
        rest = data.encode() if isinstance(data, str) else data
        deadline = Deadline(SECONDS)
        while rest:
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(self.port.fileno(), rest) :]
            assert self._writable.select(deadline.remaining()) or not rest, "the device takes no more"

    def line(self, seconds: float = SECONDS) -> bytes | None:
        """The next line that the device sends, without its line feed; None if none comes, or the port hangs up."""
        deadline = Deadline(seconds)
        while b"\n" not in self._rest:
            if not self._selector.select(deadline.remaining()):
                return None
            try:
                data = os.read(self.port.fileno(), 65536)
            except BlockingIOError:
                continue
            except OSError:
                return None
            if not data:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def hangs_up(self, seconds: float = SECONDS) -> bool:
        """Whether the port goes, without another byte before."""
        return not self._rest and self.line(seconds) is None and not self._rest and self._gone()

    def _gone(self) -> bool:
        try:
            return os.read(self.port.fileno(), 1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def items(self, seconds: float = SECONDS) -> Iterator[bytes | Record]:
        """What comes, without an end: log lines as bytes, records as dictionaries."""
        while (line := self.line(seconds)) is not None:
            yield json.loads(line[1:]) if line[:1] == b"\x1e" else line

    def answer(self, seconds: float = SECONDS) -> list[Any]:
        """Everything up to the next final record."""
        items: list[Any] = []
        for item in self.items(seconds):
            items.append(item)
            if isinstance(item, dict) and item["type"] in ("reply", "error"):
                if item.get("verb") == "open" and item["type"] == "reply":
                    self.sessions.append(item["session"])
                return items
        raise AssertionError(f"no answer came, only {items}")

    def ask(self, text: str, payload: bytes = b"") -> Record:
        """Sends a line and returns its final record."""
        self.type(f"{text}\n".encode() + payload)
        final: Record = self.answer()[-1]
        return final

    def open(self, model: str = "small") -> int:
        """Opens a model and returns the session's number."""
        number: int = self.ask(f"open model={model} arena={ARENA}")["session"]
        return number

    def stage(self, session: int, data: bytes, crc: str | None = None, announced: int | None = None) -> Record:
        """Sends an input, or what is said to be one."""
        crc = f"{zlib.crc32(data):08x}" if crc is None else crc
        size = len(data) if announced is None else announced
        return self.ask(f"input session={session} index=0 bytes={size} crc={crc}", data)

    def end_sessions(self) -> None:
        """Closes all sessions that were opened here and may still be open."""
        while self.sessions:
            self.ask(f"close session={self.sessions.pop()}")

    def close(self) -> None:
        """Closes the port."""
        self._selector.close()
        self._writable.close()
        with contextlib.suppress(OSError, serial.SerialException):
            self.port.close()


class HostProgram:
    """The host board's program, started by hand.

    Args:
        flash: the file of its flash.
        models: what is in it.
    """

    def __init__(self, flash: Path, models: ModelPack) -> None:
        flash.write_bytes(models.encode())
        command = [sys.executable, "-m", "harness.boards.host.device", "--serial", "t-1", "--flash", str(flash)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pty = ""
        self.await_port()

    def await_port(self) -> None:
        """It tells of its port, or of the next one."""
        assert self.process.stdout is not None
        self.pty = self.process.stdout.readline().split()[1].decode()

    def close(self) -> None:
        """Ends it."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
