"""Command lines: what the host sends and the device reads (docs/protocol.md, "Commands")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.errors import Misuse

MAX_COMMAND_BYTES = 255
MAX_ID = 2**32 - 1

_WORD = re.compile(r"[a-z][a-z_]{0,15}")
_VALUE = re.compile(r"[!-~]{1,64}")
_ID = re.compile(r"#[0-9]{1,10}")


class BadCommand(ValueError):
    """A line that is not a command; the device answers it with an error record of code `bad_command`."""


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        verb: what to do.
        arguments: keys and values; a value has no spaces.
        id: repeated by every record that answers the command.
    """

    verb: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    id: int | None = None

    def encode(self) -> bytes:
        """The command as a line with its line feed.

        Raises:
            Misuse: a verb, key or value that the format cannot carry.
        """
        words = [self.verb]
        if not _WORD.fullmatch(self.verb):
            raise Misuse(f"verb {self.verb!r}: a-z and _ expected, at most 16 of them")
        for key, value in self.arguments.items():
            if not _WORD.fullmatch(key) or not _VALUE.fullmatch(value):
                raise Misuse(f"argument {key!r}={value!r}: a value of 1 to 64 printable ASCII characters expected")
            words.append(f"{key}={value}")
        if self.id is not None:
            words.append(f"#{self.id}")
        line = " ".join(words).encode("ascii")
        if len(line) > MAX_COMMAND_BYTES:
            raise Misuse(f"command of {len(line)} bytes: at most {MAX_COMMAND_BYTES} fit a line")
        return line + b"\n"

    def answered_by(self, record: Mapping[str, object]) -> bool:
        """Whether a record answers this command. Ids begin anew with each connection, so the verb is compared too."""
        return record.get("id") == self.id and record.get("verb") == self.verb

    @classmethod
    def decode(cls, line: bytes) -> Command:
        """Reads a line, without its line feed.

        Raises:
            BadCommand: it is not a command; the text says why.
        """
        if len(line) > MAX_COMMAND_BYTES:
            raise BadCommand(f"line longer than {MAX_COMMAND_BYTES} bytes")
        try:
            # Not split(): it would also split at the characters that separate records.
            words = [word for word in re.split(r"[ \t]+", line.decode("ascii").removesuffix("\r")) if word]
        except UnicodeDecodeError:
            raise BadCommand("bytes outside ASCII") from None
        identifier: int | None = None
        if words and _ID.fullmatch(words[-1]):
            identifier = int(words.pop()[1:])
            if identifier > MAX_ID:
                raise BadCommand("id beyond 32 bits")
        if not words or not _WORD.fullmatch(words[0]):
            raise BadCommand("no verb; try: help")
        arguments: dict[str, str] = {}
        for word in words[1:]:
            key, equals, value = word.partition("=")
            if not equals or not _WORD.fullmatch(key) or not _VALUE.fullmatch(value):
                raise BadCommand("key=value expected after the verb")
            if key in arguments:
                raise BadCommand(f"{key} given twice")
            arguments[key] = value
        return cls(words[0], arguments, identifier)
