"""The table that a run of the benchmarks ends with."""

from __future__ import annotations

from dataclasses import dataclass, field

_HEAD = ("what", "harness", "bare", "compared", "limit", "")


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        what: is compared.
        harness: the harness's figure.
        bare: the figure without the harness; empty where nothing is compared.
        compared: the ratio or difference that is judged; empty where the row only informs.
        limit: what `compared` has to keep; empty where the row only informs.
        ok: whether it does; None where the row only informs.
    """

    what: str
    harness: str
    bare: str
    compared: str = ""
    limit: str = ""
    ok: bool | None = None

    @property
    def verdict(self) -> str:
        return {True: "ok", False: "FELL SHORT", None: ""}[self.ok]

    def cells(self) -> tuple[str, ...]:
        """The row as it is printed."""
        return (self.what, self.harness, self.bare, self.compared, self.limit, self.verdict)


@dataclass
class Table:
    """Rows, in the order in which they were measured."""

    rows: list[Row] = field(default_factory=list)

    def note(self, what: str, harness: str, bare: str = "", compared: str = "") -> None:
        """Adds a row that only informs."""
        self.rows.append(Row(what, harness, bare, compared))

    def judge(self, what: str, harness: str, bare: str, compared: str, limit: str, *, ok: bool) -> None:
        """Adds a row and holds it to its limit.

        Raises:
            AssertionError: the limit is not kept; the row is in the table all the same.
        """
        self.rows.append(Row(what, harness, bare, compared, limit, ok))
        assert ok, f"{what}: {compared}, the limit is {limit} (harness {harness}, bare {bare or 'none'})"

    def lines(self) -> list[str]:
        """The table as text."""
        table = [_HEAD, *(row.cells() for row in self.rows)]
        widths = [max(len(cells[column]) for cells in table) for column in range(len(_HEAD))]
        lines = ["  ".join(map(str.ljust, cells, widths)).rstrip() for cells in table]
        lines.insert(1, "-" * max(map(len, lines)))
        return lines
