"""The firmware's own code as a process that answers vectors: one line in, one line out."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path
from typing import Any

from harness.protocol.command import Command
from harness.protocol.record import Record

ANSWER_SECONDS = 20.0


def to_hex(data: bytes) -> str:
    """Bytes as the peer reads them."""
    return data.hex() or "-"


class Peer:
    """`protocol_peer`, running.

    A context manager: its end ends the process.
    """

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
        )
        self._buffer = b""

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(ANSWER_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()

    def ask(self, *words: str) -> str:
        """The answer to one vector. What a sanitizer says instead fails the test."""
        assert self._process.stdin and self._process.stdout
        view = memoryview(" ".join(words).encode() + b"\n")
        while view:
            view = view[self._process.stdin.write(view) or 0 :]
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self._process.stdout], [], [], ANSWER_SECONDS)
            data = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            if not data:
                # Whoever asks again, as a search for a smaller example does, shall not wait again.
                self._process.kill()
            assert data, f"no answer to {words[0]}: {self._buffer.decode()}"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer = line.decode()
        # A sanitizer's report begins with a line that is no answer.
        assert "ERROR:" not in answer and "runtime error" not in answer and "====" not in answer, self._rest(line)
        return answer

    def command(self, line: bytes) -> str:
        """How the firmware reads a command line: see `told`; "refused" or "ignored"."""
        return self.ask("command", to_hex(line))

    def record(self, number: int, kind: str, command: Command | None, fields: Record) -> tuple[bool, bytes]:
        """The record as the firmware writes it, and whether all fields had room."""
        line = to_hex(command.encode().rstrip(b"\n")) if command else "-"
        how, text = self.ask("record", str(number), kind, line, *_items(fields)).split()
        return how == "complete", bytes.fromhex(text)

    def _rest(self, line: bytes) -> str:
        assert self._process.stdout
        self._process.kill()
        return (line + b"\n" + self._buffer + self._process.stdout.read()).decode()


def told(command: Command) -> str:
    """A command in the words of the peer."""
    words = ["command", command.verb, "-" if command.id is None else f"#{command.id}"]
    return " ".join(words + [f"{key}={value}" for key, value in command.arguments.items()])


def _items(fields: Record) -> list[str]:
    return [word for key, value in fields.items() for word in _field(to_hex(key.encode("latin-1")), value)]


def _field(key: str, value: Any) -> list[str]:
    if value is None:
        return ["null", key]
    if isinstance(value, bool):
        return ["bool", key, str(int(value))]
    if isinstance(value, int):
        return ["uint", key, str(value)]
    if isinstance(value, str):
        return ["string", key, to_hex(value.encode("latin-1"))]
    if isinstance(value, bytes):
        return ["base64", key, to_hex(value)]
    if isinstance(value, dict):
        return ["object", key, *_items(value), "end"]
    return ["array", key, *(word for element in value for word in _field("[]", element)), "end"]
