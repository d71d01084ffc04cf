"""A conftest.py for a project whose boards get lost: `LOSE=gw0:0,gw1:2` after how many tests each worker loses its own.

A board that is lost is one whose program cannot be started any more.
"""

SOURCE = """
import os
import sys

import pytest

import harness.boards.host.board as host

AFTER = dict(part.split(":") for part in os.environ.get("LOSE", "").split(",") if part)
ME = []
BEGUN = [0]


def pytest_configure(config):
    # Not of the environment: whoever runs this may be a worker too.
    ME[:] = [getattr(config, "workerinput", {}).get("workerid", "alone")]
    if AFTER.get(ME[0]) == "0":
        lose()


def lose():
    host.DEVICE_COMMAND = (sys.executable, "-c", "pass")


@pytest.fixture(autouse=True)
def losing(request):
    BEGUN[0] += 1
    if AFTER.get(ME[0]) == str(BEGUN[0]) and "bench" in request.fixturenames:
        lose()
        board = request.getfixturevalue("bench").board
        board._process.kill()
        board._process.wait(5)
    yield
"""
