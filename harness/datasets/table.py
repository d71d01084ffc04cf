"""Reads tables of numbers and labels: .csv files."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.datasets.errors import DatasetError

# As numbers they take four times as much memory, or more.
MAX_TABLE_BYTES = 64 * 1024 * 1024
LABEL_NAMES = ("label", "class", "target", "y")
_SHOWN_CHARS = 40


@dataclass(frozen=True)
class Table:
    """A table whose cells are numbers, but for those of one column that may hold text.

    Attributes:
        path: the file.
        head: names of the columns; empty if the file has none.
        rows: how many rows there are.
        values: all numbers, row by row.
        columns: how many columns they are in.
        labels: the cells of the column that was set apart; None if none was.
    """

    path: Path
    head: tuple[str, ...]
    rows: int
    values: array[float]
    columns: int
    labels: list[str] | None

    def numbers(self) -> npt.NDArray[np.float64]:
        """The numbers, of shape (rows, columns)."""
        return np.frombuffer(self.values, np.float64).reshape(self.rows, self.columns)

    def label_array(self) -> npt.NDArray[Any]:
        """The labels: whole numbers if all are, real ones if all are numbers, else texts."""
        labels = self.labels or []
        for kind in (np.int64, np.float64):
            try:
                return np.array([kind(label) for label in labels], kind)
            except (ValueError, OverflowError):
                continue
        return np.array(labels)


def read_table(path: Path, label: str | None = None, *, labelled: bool = False) -> Table:
    """Reads a .csv file: UTF-8, commas; lines that begin with # and empty lines do not count.

    A first row that does not hold numbers is the head.

    Args:
        path: the file.
        label: the column to set apart: its name, or its number from 0, where -1 is the last one.
        labelled: with no `label`, set the column apart that the head calls label, class, target or y.

    Raises:
        DatasetError: it cannot be read, or a cell is not what it should be; the message names the line.
    """
    try:
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise DatasetError(
                f"{path.name}: at most {MAX_TABLE_BYTES:,} bytes of text expected",
                path=str(path),
                advice="save large data sets as .npy, which is read piece by piece",
            )
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                return _read(path, reader, label, labelled)
            except csv.Error as error:
                raise _at(path, reader.line_num, str(error)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path} cannot be read: {error}", path=str(path)) from None


def _read(path: Path, reader: Any, label: str | None, labelled: bool) -> Table:
    head: tuple[str, ...] = ()
    values = array("d")
    labels: list[str] | None = None
    apart: int | None = None
    width = rows = 0
    for line, cells in _rows(reader):
        if not width:
            width = len(cells)
            if not any(_number(cell) is not None for cell in cells):
                head = tuple(cells)
            apart = _label_column(path, head, width, label, labelled)
            labels = None if apart is None else []
            if head:
                continue
        if len(cells) != width:
            raise _at(path, line, f"{width} columns expected, as above, {len(cells)} came")
        for column, cell in enumerate(cells):
            if column == apart:
                assert labels is not None
                labels.append(cell)
                continue
            value = _number(cell)
            if value is None:
                name = f" ({head[column]})" if head else ""
                raise _at(path, line, f"a finite number expected in column {column}{name}, came {_shown(cell)}")
            values.append(value)
        rows += 1
    return Table(path, head, rows, values, width - (apart is not None), labels)


def _rows(reader: Any) -> Iterator[tuple[int, list[str]]]:
    for row in reader:
        cells = [cell.strip() for cell in row]
        if cells and not cells[0].startswith("#") and cells != [""]:
            yield reader.line_num, cells


def _label_column(path: Path, head: tuple[str, ...], width: int, label: str | None, labelled: bool) -> int | None:
    if label is None:
        if not labelled:
            return None
        names = [name.lower() for name in head]
        found = next((names.index(name) for name in LABEL_NAMES if name in names), None)
        if found is not None:
            return found
        raise DatasetError(
            f"{path.name}: a column called {', '.join(LABEL_NAMES)} expected, there is "
            f"{', '.join(map(_shown, head[:20])) if head else 'no head'}",
            path=str(path),
            advice="name the column of the labels, or give its number: 0 is the first, -1 the last",
        )
    if label in head:
        return head.index(label)
    try:
        number = int(label)
    except ValueError:
        number = width
    if not -width <= number < width:
        names_ = ", ".join(map(_shown, head[:20])) or "none with a name"
        raise DatasetError(f"{path.name}: {width} columns, and no {label!r} among them: {names_}", path=str(path))
    return number % width


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= _SHOWN_CHARS else f"{cell[:_SHOWN_CHARS]}...")


def _at(path: Path, line: int, message: str) -> DatasetError:
    return DatasetError(f"{path.name}:{line}: {message}", path=str(path), line=line)
