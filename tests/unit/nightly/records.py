"""Records of runs, short."""

from __future__ import annotations

from harness.record.model import Board, Run, Test


def make_test(name, outcome="passed", **more):
    return Test(id=f"test_a.py::{name}", outcome=outcome, **more)


def make_run(*tests, ended="complete", lost=None, **more):
    given = {
        "version": 1,
        "started": "2026-11-21T03:00:05+00:00",
        "seconds": 2.0,
        "ended": ended,
        "command": [],
        "versions": {"tflm-hil": "0.1.0"},
        "boards": [Board(name="left", kind="pico", build="4f1c", lost=lost)],
        "tests": list(tests),
    }
    return Run(**{**given, **more})
