"""The arguments of commands, as the host board reads them; what is wrong with them ends the command."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.protocol.command import Command

_MAX_FED = 16
_FEED = re.compile("[0-9]{1,2}:[0-9]{1,2}(,[0-9]{1,2}:[0-9]{1,2})*")


class CommandFailed(Exception):
    """A command that ends with an error record.

    Attributes:
        code: one of the codes of docs/protocol.md.
        details: more fields for the record.
    """

    def __init__(self, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.details = details


@dataclass(frozen=True)
class TensorInfo:
    """What must be the same of two tensors, if one is to be copied to the other."""

    dtype: str
    bytes: int


def feed_pairs(command: Command, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]) -> list[tuple[int, int]]:
    """Which output becomes which input of the next invoke, in the order in which they are copied."""
    text = command.arguments.get("feed")
    if text is None:
        return []
    if not _FEED.fullmatch(text):
        raise CommandFailed("bad_argument", "feed: pairs OUTPUT:INPUT expected, with commas between them")
    pairs = []
    for pair in text.split(","):
        source, _, target = pair.partition(":")
        pairs.append((int(source), int(target)))
    targets = [target for _, target in pairs]
    if len(set(targets)) < len(targets) or len(pairs) > _MAX_FED:
        raise CommandFailed("bad_argument", f"feed: {_MAX_FED} pairs at most, and each input once expected")
    for output, index in pairs:
        if output >= len(outputs) or index >= len(inputs):
            raise CommandFailed("bad_argument", f"feed: the model has no output {output} or no input {index}")
        came, expected = outputs[output], inputs[index]
        if came != expected:
            raise CommandFailed(
                "bad_argument",
                f"feed: output {output} has {came.bytes} bytes of {came.dtype}, input {index} has {expected.bytes} of "
                f"{expected.dtype}",
            )
    return pairs


def read_number(command: Command, key: str, low: int, high: int, *, default: int | None = None) -> int:
    text = command.arguments.get(key)
    if text is None:
        if default is None:
            raise CommandFailed("bad_argument", f"{key} is missing")
        return default
    value = int(text) if text.isdecimal() and len(text) <= 10 else -1
    if not low <= value <= high:
        raise CommandFailed("bad_argument", f"{key}: a number from {low} to {high} expected")
    return value
