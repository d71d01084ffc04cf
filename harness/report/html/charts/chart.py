"""A chart as the page shows it: the picture, what it says in a sentence, and its data for those who want numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

MAX_ROWS = 200


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        title: what it is about.
        says: what there is to see, in a sentence.
        svg: the picture; its text is escaped.
        columns: names of the data's columns.
        rows: the data, at most `MAX_ROWS`.
        more: how many rows were left out.
    """

    title: str
    says: str
    svg: Markup
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    more: int = 0
