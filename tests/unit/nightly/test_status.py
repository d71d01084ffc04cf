"""The line that a chat gets, and the file that programs read."""

import pytest
from msgspec.structs import replace

from harness.nightly.status import (
    VERDICTS,
    BoardNight,
    Count,
    Image,
    Night,
    TestNote,
    read_night,
    status_line,
    worst,
    write_night,
)

LEFT = BoardNight(
    board="left", verdict="passed", seconds=1.0, attempts=1, folder="boards/left", tests=Count(passed=9, skipped=1)
)
NIGHT = Night(
    version=1,
    started="2026-11-21T03:00:00+01:00",
    seconds=2.0,
    verdict="passed",
    line="",
    folder="2026-11-21T03-00-00",
    image=Image(file="image/x.uf2", build="4f1c2aa0", sha256="00", source="x.uf2"),
    boards=[LEFT],
)


def line_of(*boards, **more):
    return status_line(replace(NIGHT, boards=list(boards), **more))


@pytest.mark.parametrize(
    ("board", "words"),
    [
        ({}, "left passed, 9/9 tests"),
        (
            {
                "verdict": "flaky",
                "tests": Count(passed=8, flaky=1),
                "flaky": [TestNote(id="test_a.py::b", why="DeviceTimeout: no answer")],
            },
            "left flaky, 9/9 tests, test_a.py::b passed only when run again",
        ),
        (
            {
                "verdict": "failed",
                "tests": Count(passed=6, failed=3),
                "failed": [TestNote(id=f"t::{n}", why="no") for n in "abc"],
            },
            "left failed, 6/9 tests, t::a: no, t::b: no, 1 more failed",
        ),
        (
            {"verdict": "regression", "worse": ["sine latency.median +7.0 % since Thu 2026-11-19"], "better": 2},
            "left regression, 9/9 tests, sine latency.median +7.0 % since Thu 2026-11-19, 2 better",
        ),
        (
            {"verdict": "lost", "why": "it is gone", "failed": [TestNote(id="t::a", why="no")]},
            "left lost, 9/9 tests, it is gone",
        ),
        ({"not_compared": ["3 figures: tflm a -> b"], "notes": ["n"]}, "left passed, 9/9 tests, 1 not compared, n"),
    ],
)
def test_what_it_says_of_a_board(board, words):
    changed = replace(LEFT, **board)
    expected = f"nightly 2026-11-21: {changed.verdict.upper()} | {words} | firmware 4f1c2aa0"
    assert line_of(changed, verdict=changed.verdict) == expected


def test_what_boards_say_alike_is_said_once():
    other = replace(LEFT, board="right")
    third = replace(LEFT, board="third", verdict="failed")
    line = line_of(LEFT, third, other)
    assert "| left, right passed, 9/9 tests | third failed, 9/9 tests |" in line


def test_a_night_without_boards_says_why():
    line = line_of(verdict="broken", why="no firmware", image=None, notes=["disk: 1 B free"])
    assert line == "nightly 2026-11-21: BROKEN | no firmware | disk: 1 B free"


def test_names_cannot_call_anybody_or_be_markup():
    evil = "<!channel> @everyone *x* `y` \x1b[31m\n\x00 ‮ https"
    line = line_of(replace(LEFT, verdict="failed", failed=[TestNote(id=evil, why=evil)]))
    assert not set("<>@*`\n\x1b\x00‮") & set(line)
    assert line.isprintable()


def test_it_stays_short():
    many = [replace(LEFT, board=f"board {number}", why=f"{number} " + "x" * 150) for number in range(40)]
    line = line_of(*many)
    assert len(line) <= 600 and line.endswith(" ...")


def test_the_worst_verdict_counts():
    assert worst(["passed", "flaky", "regression"]) == "regression"
    assert worst(["hung", "failed"]) == "hung"
    assert worst([]) == "passed"
    assert worst(VERDICTS) == "unfinished"


def test_it_reads_what_it_wrote_and_nothing_else(tmp_path):
    assert read_night(tmp_path) is None
    write_night(tmp_path, NIGHT)
    assert read_night(tmp_path) == NIGHT
    assert (tmp_path / "status.txt").read_text() == "\n"
    assert {path.name for path in tmp_path.iterdir()} == {"night.json", "status.txt"}
    for text in ("{", "[]", '{"tflm-hil-night": 2}', "[" * 100_000):
        (tmp_path / "night.json").write_text(text)
        assert read_night(tmp_path) is None
