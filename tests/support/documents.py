"""What stands in a page of documentation: sections, tables, code."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    level = heading.split()[0]
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no heading {heading!r}"
    return found.group(1)


def rows(text: str) -> list[list[str]]:
    """The cells of all table rows, without head and rule."""
    lines = text.splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for number, line in enumerate(lines)
        if line.startswith("| ") and lines[number + 1 : number + 2] != [rule_of(line)]
    ]


def rule_of(head: str) -> str:
    return "|" + "---|" * head.strip("|").count("|") + "---|"


def first_words(text: str) -> set[str]:
    """All that stands in backticks in the first column of the tables."""
    return {word for row in rows(text) for word in re.findall(r"`([^`]+)`", row[0])}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def code_of(text: str) -> list[str]:
    """Each line of code, and each piece of it in a sentence."""
    fenced = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in fenced for line in block.replace("\\\n", " ").splitlines()]
    return lines + [" ".join(piece.split()) for piece in re.findall(r"`([^`]+)`", prose)]
