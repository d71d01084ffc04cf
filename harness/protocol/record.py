"""Records: the JSON objects that the device sends behind an ASCII record separator (RFC 7464)."""

from __future__ import annotations

import json
from typing import Any, NoReturn

RECORD_SEPARATOR = 0x1E
MAX_RECORD_BYTES = 16 * 1024
NUMBER_MODULUS = 2**32
KINDS = ("reply", "error", "data", "event")

Record = dict[str, Any]


class BadRecord(ValueError):
    """Bytes behind a record separator that are not a record; the text says why."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse_constant)


def encode_record(record: Record) -> bytes:
    """The record as it goes over the wire: separator, one JSON object without line feeds, line feed."""
    return b"\x1e" + json.dumps(record, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def decode_record(text: bytes) -> Record:
    """Reads what stands between a record separator and its line feed.

    Returns:
        The object, whose `n` is an integer in 0 .. 2**32-1 and whose `type` is one of `KINDS`.

    Raises:
        BadRecord: anything else.
    """
    try:
        record = _decoder.decode(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadRecord(f"not JSON: {str(error)[:80]}") from None
    if not isinstance(record, dict):
        raise BadRecord(f"not a JSON object but {type(record).__name__}")
    number = record.get("n")
    if type(number) is not int or not 0 <= number < NUMBER_MODULUS:
        raise BadRecord("no record number n")
    if record.get("type") not in KINDS:
        raise BadRecord("no type among " + ", ".join(KINDS))
    return record
