"""Rows side by side, each with a line below it that has the terminal's whole width: names of tests are long."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

_INDENT = 4


@dataclass(frozen=True)
class Line:
    """One row.

    Attributes:
        cells: side by side.
        below: what stands below them.
        style: of the first cell.
    """

    cells: tuple[str, ...]
    below: str
    style: str = ""


def aligned(titles: tuple[str, ...], lines: Sequence[Line], *, to_the_right: Collection[int]) -> list[RenderableType]:
    """The rows under their titles; the columns of these numbers are set to the right."""
    widths = [
        max(len(cells[column]) for cells in (titles, *(line.cells for line in lines))) for column in range(len(titles))
    ]

    def placed(cells: tuple[str, ...]) -> str:
        parts = (
            cell.rjust(width) if column in to_the_right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(parts).rstrip()

    parts: list[RenderableType] = [Text(placed(titles), "bold")]
    for line in lines:
        # Cut off by the terminal rather than folded: columns are what makes it readable.
        row = Text(placed(line.cells), no_wrap=True, overflow="ignore")
        row.stylize(line.style, 0, len(line.cells[0]))
        parts += [row, Padding(Text(line.below, "dim"), (0, 0, 0, _INDENT), expand=False)]
    return parts
