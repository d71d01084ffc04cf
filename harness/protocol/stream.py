"""Splits what a device sends into log lines and records, whatever it sends and however it is cut into pieces."""

from __future__ import annotations

from dataclasses import dataclass

from harness.protocol.record import MAX_RECORD_BYTES, BadRecord, Record, decode_record

MAX_LINE_BYTES = MAX_RECORD_BYTES


@dataclass(frozen=True)
class LogLines:
    """Lines of MicroPrintf output, in order, without their line feeds."""

    lines: list[bytes]


@dataclass(frozen=True)
class ReceivedRecord:
    """A record, decoded, and the bytes that it came as."""

    record: Record
    raw: bytes


@dataclass(frozen=True)
class CorruptRecord:
    """Something behind a record separator that is not a record."""

    raw: bytes
    reason: str


Item = LogLines | ReceivedRecord | CorruptRecord


class StreamParser:
    """Cuts a byte stream into items. Takes any bytes; holds at most `MAX_LINE_BYTES` between two calls.

    A record separator starts a record wherever it stands: a log line that was not finished ends there.
    A line that exceeds the bound is handed on in pieces if it is a log line, and as corrupt if it is a record.
    """

    def __init__(self) -> None:
        self._tail = b""
        self._overlong = False

    def feed(self, data: bytes) -> list[Item]:
        """Takes bytes as they came and returns what they complete."""
        # The fast path: megabytes of log without a record are split once, by C code, and searched no more.
        lines = (self._tail + data).split(b"\n")
        tail = lines.pop()
        items: list[Item] = []
        if self._overlong and lines:
            # The rest of a record that was given up.
            del lines[0]
            self._overlong = False
        elif self._overlong:
            tail = b""
        if lines:
            if b"\x1e" in data or b"\x1e" in self._tail:
                self._split(lines, items)
            else:
                self._log(lines, items)
        if len(tail) > MAX_LINE_BYTES:
            tail = self._cut(tail, items)
        self._tail = tail
        return items

    def flush(self) -> list[Item]:
        """What is left at the end of the stream: an unfinished line, or a record cut off in the middle."""
        tail, self._tail = self._tail, b""
        overlong, self._overlong = self._overlong, False
        items: list[Item] = []
        if tail and not overlong:
            before, *candidates = tail.split(b"\x1e")
            if before:
                self._log([before], items)
            items.extend(CorruptRecord(text, "cut off by the end of the stream") for text in candidates)
        return items

    @property
    def pending(self) -> int:
        """Bytes held back because their line is not complete."""
        return len(self._tail)

    def _cut(self, tail: bytes, items: list[Item]) -> bytes:
        before, separator, after = tail.partition(b"\x1e")
        if not separator:
            self._log([tail], items)
            return b""
        if before:
            self._log([before], items)
        if len(after) <= MAX_RECORD_BYTES and b"\x1e" not in after:
            return separator + after
        items.append(CorruptRecord(after[:MAX_RECORD_BYTES], f"record longer than {MAX_RECORD_BYTES} bytes"))
        self._overlong = True
        return b""

    def _split(self, lines: list[bytes], items: list[Item]) -> None:
        plain: list[bytes] = []
        for line in lines:
            if b"\x1e" not in line:
                plain.append(line)
                continue
            before, *candidates = line.split(b"\x1e")
            if before:
                plain.append(before)
            if plain:
                self._log(plain, items)
                plain = []
            for text in candidates:
                items.append(self._record(text))
        if plain:
            self._log(plain, items)

    @staticmethod
    def _record(text: bytes) -> Item:
        if len(text) > MAX_RECORD_BYTES:
            return CorruptRecord(text[:MAX_RECORD_BYTES], f"record longer than {MAX_RECORD_BYTES} bytes")
        try:
            return ReceivedRecord(decode_record(text), text)
        except BadRecord as error:
            return CorruptRecord(text, str(error))

    @staticmethod
    def _log(lines: list[bytes], items: list[Item]) -> None:
        if max(map(len, lines)) > MAX_LINE_BYTES:
            lines = [
                line[start : start + MAX_LINE_BYTES]
                for line in lines
                for start in range(0, max(1, len(line)), MAX_LINE_BYTES)
            ]
        items.append(LogLines(lines))
