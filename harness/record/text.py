"""Text of others, made fit for a record: printable and bounded."""

from __future__ import annotations

from harness.record.model import MAX_LINE, MAX_TEXT


def bounded(text: str, most: int = MAX_TEXT) -> str:
    """Printable text of about `most` characters: what is too long loses its middle, whose length is told."""
    # No more is looked at than can be shown; a device may have sent megabytes.
    if len(text) > most:
        head, tail = text[: most * 2 // 3], text[-most // 3 :]
        text = f"{head}\n... ({len(text) - len(head) - len(tail):,} characters) ...\n{tail}"
    return "".join(c if c.isprintable() or c in "\n\t" else _escaped(c) for c in text.replace("\r\n", "\n"))[: 2 * most]


def line(text: object, most: int = MAX_LINE) -> str:
    """One printable line of at most `most` characters."""
    short = str(text)[:most]
    return "".join(c if c.isprintable() else _escaped(c) for c in short)[:most]


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
