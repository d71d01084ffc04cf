"""The database of past runs, in SQLite.

Every figure is kept with its conditions. Several processes may write at the same time (write-ahead log, and a wait with
a deadline); the same run is kept once; beyond `MAX_RUNS` runs the oldest go.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from harness.history.errors import HistoryBusy, HistoryDamaged, HistoryError
from harness.history.points import GOOD, Point, Series, series_id
from harness.history.schema import APPLICATION_ID, SCHEMA, VERSION
from harness.record.figures import Key, RunFigures, parse_started

MAX_RUNS = 5_000
MAX_FIGURES = 200_000
WAIT_SECONDS = 30.0
_MAGIC = b"SQLite format 3\0"


@dataclass(frozen=True)
class Imported:
    """What became of a run.

    Attributes:
        figures: how many were added; 0 if the run was there already with as many.
        known: whether it was there; with figures, it has taken the place of one that told less: of its JUnit file.
        removed: old runs that had to go.
    """

    figures: int
    known: bool = False
    removed: int = 0


class History:
    """An open database; a context manager.

    Args:
        path: the file.
        create: makes it if it is not there.
        wait: seconds to wait for another process that writes.

    Raises:
        HistoryError: there is none, it is damaged, of another version, or held for too long.
    """

    def __init__(self, path: Path, *, create: bool = False, wait: float = WAIT_SECONDS) -> None:
        self._path = path
        self._wait = wait
        if not create and not path.is_file():
            raise HistoryError(
                f"{path}: a database of past runs expected, there is none",
                advice="make it: `tflm-hil history import FILE...`, or name the one that is there",
            )
        with self._errors():
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            mode = "rwc" if create else "rw"
            # Python's own transactions begin late, and two writers would then wait for each other.
            uri = f"{path.absolute().as_uri()}?mode={mode}"
            self._connection = sqlite3.connect(uri, uri=True, timeout=wait, isolation_level=None)
        try:
            with self._errors():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> History:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    def add(self, run: RunFigures, *, configuration: str = "", source: str = "") -> Imported:
        """Keeps a run, unless it is there already with as many figures.

        Args:
            run: what it measured.
            configuration: of the firmware; see `harness.regression.baseline.Baseline`.
            source: the file that it came from, for people.

        Raises:
            HistoryError: it cannot be kept.
        """
        if len(run.figures) > MAX_FIGURES:
            raise HistoryError(f"{source}: at most {MAX_FIGURES:,} figures expected, there are {len(run.figures):,}")
        with self._errors(), self._transaction():
            known = self._connection.execute(
                "SELECT id, (SELECT count(*) FROM figure WHERE run = run.id) FROM run WHERE fingerprint = ?",
                (fingerprint(run),),
            ).fetchone()
            if known is not None and known[1] >= len(run.figures):
                return Imported(0, known=True)
            if known is not None:
                self._connection.execute("DELETE FROM run WHERE id = ?", known[:1])
            values = (fingerprint(run), run.started.isoformat(), run.ended[:200], configuration, source[-300:])
            number = self._connection.execute(
                "INSERT INTO run (fingerprint, started, ended, configuration, source) VALUES (?, ?, ?, ?, ?)", values
            ).lastrowid
            for figure in run.figures:
                told = json.dumps(figure.measured_under(), sort_keys=True)
                self._connection.execute(
                    "INSERT INTO figure (run, name, conditions, outcome, value) VALUES (?, ?, ?, ?, ?)",
                    (
                        number,
                        self._id("name", (*figure.key, figure.unit)),
                        self._id("conditions", (told,)),
                        figure.outcome,
                        figure.value,
                    ),
                )
            return Imported(len(run.figures), known=known is not None, removed=self._prune())

    def series(
        self,
        *,
        nights: int,
        until: datetime | None = None,
        without: RunFigures | None = None,
        configuration: str = "",
        model: str | None = None,
    ) -> list[Series]:
        """All figures over the newest runs.

        Args:
            nights: how many runs.
            until: only runs that began before.
            without: a run to leave out.
            configuration: of the firmware.
            model: only those of one model.

        Raises:
            HistoryError: it cannot be read.
        """
        shown = "" if model is None else "WHERE name.model = ? "
        query = (
            "SELECT run.started, name.model, name.test, name.name, name.unit, conditions.told, figure.outcome, "
            "figure.value "
            "FROM (SELECT * FROM run WHERE started < ? AND fingerprint <> ? AND configuration = ? "
            "ORDER BY started DESC, id DESC LIMIT ?) AS run JOIN figure ON figure.run = run.id "
            "JOIN name ON name.id = figure.name JOIN conditions ON conditions.id = figure.conditions "
            f"{shown}ORDER BY run.started, run.id, figure.rowid"
        )
        values = (
            "9" if until is None else until.isoformat(),
            "" if without is None else fingerprint(without),
            configuration,
            max(0, nights),
            *(() if model is None else (model,)),
        )
        found: dict[tuple[str, ...], tuple[Key, str, list[Point]]] = {}
        with self._errors():
            for started, *key, unit, told, outcome, value in self._connection.execute(query, values):
                conditions = {str(name): str(text) for name, text in json.loads(told).items()}
                name = Key(*key)
                entry = found.setdefault(series_id(conditions, name), (name, unit, []))
                entry[2].append(Point(parse_started(started), float(value), conditions, outcome in GOOD))
        return [Series(key, unit, tuple(points)) for key, unit, points in found.values()]

    def models(self) -> list[str]:
        """The names of all models.

        Raises:
            HistoryError: it cannot be read.
        """
        with self._errors():
            rows = self._connection.execute("SELECT DISTINCT model FROM name ORDER BY model").fetchall()
        return [str(row[0]) for row in rows]

    def runs(self) -> int:
        """How many runs there are.

        Raises:
            HistoryError: it cannot be read.
        """
        with self._errors():
            return int(self._connection.execute("SELECT count(*) FROM run").fetchone()[0])

    def _prepare(self) -> None:
        # SQLite would take a file of a few bytes for an empty database.
        with self._path.open("rb") as file:
            if file.read(len(_MAGIC)) not in (b"", _MAGIC):
                raise HistoryDamaged(f"{self._path}: a database of past runs expected, this is no database")
        if self._is_empty():
            with self._transaction():
                # Another process may have been faster.
                if self._is_empty():
                    for statement in SCHEMA:
                        self._connection.execute(statement)
        application, version = (
            int(self._connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("application_id", "user_version")
        )
        if application != APPLICATION_ID:
            raise HistoryDamaged(f"{self._path}: a database of past runs expected, this is one of something else")
        if version != VERSION:
            raise HistoryError(
                f"{self._path}: a database of version {VERSION} expected, this one has version {version}",
                advice="use the version of tflm-hil that wrote it, or import the runs into a new one: --db FILE",
            )
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._write_ahead()

    def _is_empty(self) -> bool:
        return bool(self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0)

    def _write_ahead(self) -> None:
        """Has readers and a writer not wait for each other. SQLite stays so, and does not wait for this one change."""
        if self._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            return
        # If somebody else is at work just now the next one to open it will do it: both ways are correct.
        with contextlib.suppress(sqlite3.OperationalError):
            self._connection.execute("PRAGMA journal_mode = WAL")

    def _id(self, table: str, values: tuple[str, ...]) -> int:
        columns = {"name": ("model", "test", "name", "unit"), "conditions": ("told",)}[table]
        where = " AND ".join(f"{column} = ?" for column in columns)
        row = self._connection.execute(f"SELECT id FROM {table} WHERE {where}", values).fetchone()
        if row is not None:
            return int(row[0])
        marks = ", ".join("?" * len(columns))
        cursor = self._connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", values)
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _prune(self) -> int:
        old = self._connection.execute(
            "DELETE FROM run WHERE id IN (SELECT id FROM run ORDER BY started DESC, id DESC LIMIT -1 OFFSET ?)",
            (MAX_RUNS,),
        ).rowcount
        if old:
            for table in ("name", "conditions"):
                self._connection.execute(f"DELETE FROM {table} WHERE id NOT IN (SELECT {table} FROM figure)")
        return old

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        # At once for writing: one that begins by reading fails where another one writes, instead of waiting.
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Gives SQLite's errors their types."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise HistoryBusy(f"{self._path}: held by another process for {self._wait:g} s") from None
            raise HistoryError(f"{self._path}: {error}") from None
        except (sqlite3.Error, ValueError, AttributeError, TypeError) as error:
            raise HistoryDamaged(f"{self._path}: damaged: {error}") from None
        except OSError as error:
            raise HistoryError(f"{self._path}: {error}") from None


def fingerprint(run: RunFigures) -> str:
    """What tells a run from all others, and its JUnit file has in common with it: when it began, and its boards."""
    boards = sorted({(figure.conditions.kind, figure.conditions.serial) for figure in run.figures})
    return hashlib.sha256(json.dumps([run.started.isoformat(), boards]).encode()).hexdigest()
