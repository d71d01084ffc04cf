"""The tables of the history, and their version."""

from __future__ import annotations

# Increase it with every change of a table, and have `History` bring older databases up to date.
VERSION = 1
# "hilh", so that no other program's database is written to.
APPLICATION_ID = 0x68696C68

# `started` is ISO 8601 in UTC, which sorts by time. `told` holds a figure's conditions as JSON, with sorted keys: a few
# texts for thousands of figures.
SCHEMA = (
    "CREATE TABLE run (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, started TEXT NOT NULL, "
    "ended TEXT NOT NULL, configuration TEXT NOT NULL, source TEXT NOT NULL)",
    "CREATE INDEX run_by_time ON run (started)",
    "CREATE TABLE name (id INTEGER PRIMARY KEY, model TEXT NOT NULL, test TEXT NOT NULL, name TEXT NOT NULL, "
    "unit TEXT NOT NULL, UNIQUE (model, test, name, unit))",
    "CREATE TABLE conditions (id INTEGER PRIMARY KEY, told TEXT NOT NULL UNIQUE)",
    "CREATE TABLE figure (run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, "
    "name INTEGER NOT NULL REFERENCES name, conditions INTEGER NOT NULL REFERENCES conditions, "
    "outcome TEXT NOT NULL, value REAL NOT NULL)",
    "CREATE INDEX figure_by_run ON figure (run)",
    "CREATE INDEX figure_by_name ON figure (name)",
    "CREATE INDEX figure_by_conditions ON figure (conditions)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)
