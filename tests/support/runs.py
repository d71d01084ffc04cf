"""Runs that never were: figures and nights for tests of what compares them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec

from harness.history.points import Point, Series
from harness.record.figures import Figure, Key, RunFigures, kind_of
from harness.record.model import Board

BOARD = Board(
    name="b",
    kind="emulator",
    serial="DFA5",
    chip="RP2040",
    clock_hz=125_000_000,
    build="b1",
    tflm="90b983c",
    compiler="GCC 12.2.1",
    target="pico",
    kernels="CMSIS-NN -O2, LSTM of TFLM reference",
    engine="tflm",
    pointer_bits=32,
)
HOST = msgspec.structs.replace(
    BOARD, kind="host", serial="host-1", chip="x86_64 (Linux)", clock_hz=None, pointer_bits=64
)
PICO = msgspec.structs.replace(BOARD, kind="pico", serial="E661")
# A Sunday.
FIRST_NIGHT = datetime(2026, 11, 15, 3, tzinfo=timezone.utc)


def board(of: Board = BOARD, **changes: Any) -> Board:
    """A board with some conditions changed."""
    return msgspec.structs.replace(of, **changes)


def figure(name: str = "arena.used", value: float = 1000, **changes: Any) -> Figure:
    """A figure of model "m" in test "t.yaml::t"."""
    unit = "" if kind_of(name).value == "quality" else "us" if kind_of(name).value == "time" else "B"
    given = {
        "model": "m",
        "test": "t.yaml::t",
        "unit": unit,
        "conditions": BOARD,
        "sha256": "ab" * 32,
        "harness": "0.1.0",
    }
    return Figure(name=name, value=float(value), **{**given, **changes})


def night(number: int, *figures: Figure, outcomes: Mapping[str, str] | None = None, **changes: Any) -> RunFigures:
    """The run of a night, counted from 0; its tests have passed unless it is said otherwise."""
    ran = {each.test: "passed" for each in figures} if outcomes is None else outcomes
    return RunFigures(FIRST_NIGHT + timedelta(days=number), figures, ran, **changes)


def series(name: str, values: list[float], *, of: Board = BOARD, builds: list[str] | None = None) -> Series:
    """A figure of model "m" over nights from the first one on, each with a build of its own unless they are given."""
    named = builds or [f"b{number}" for number in range(len(values))]
    points = tuple(
        Point(
            FIRST_NIGHT + timedelta(days=number),
            float(value),
            figure(name, value, conditions=board(of, build=build)).measured_under(),
        )
        for number, (value, build) in enumerate(zip(values, named, strict=True))
    )
    return Series(Key("m", "t.yaml::t", name), figure(name).unit, points)
