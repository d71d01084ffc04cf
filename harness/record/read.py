"""Reads the record of a run. The file may come from anywhere: it is bounded and checked."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.record.errors import RecordInvalid
from harness.record.model import VERSION, Run
from harness.record.text import line
from harness.record.write import FILE_NAME

MAX_BYTES = 256 * 1024 * 1024


class _Mark(msgspec.Struct):
    version: int = msgspec.field(name="tflm-hil-run")


def read_record(path: Path) -> Run:
    """The record that a run has written.

    Args:
        path: the file, or the folder that --report-dir named.

    Raises:
        RecordInvalid: there is none, or it is broken, too large, or of another version.
    """
    file = path / FILE_NAME if path.is_dir() else path
    return decode_record(_content(file), str(file))


def decode_record(data: bytes, name: str) -> Run:
    """As `read_record`, of the file's content; `name` is for messages."""
    try:
        version = msgspec.json.decode(data, type=_Mark).version
        if version != VERSION:
            raise RecordInvalid(
                f"{name}: a run's record of version {VERSION} expected, one of version {version} came",
                advice="read it with the version of tflm-hil that wrote it",
            )
        return msgspec.json.decode(data, type=Run)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RecordInvalid(f"{name} is not the record of a run: {line(error, 300)}") from None


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise RecordInvalid(f"a run's record expected, {file}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise RecordInvalid(f"{file}: at most {MAX_BYTES:,} bytes expected")
    return data
