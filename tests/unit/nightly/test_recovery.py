"""A Pico that hangs is brought back before and after its tests, and a person hears of it."""

import json
from pathlib import Path

import pytest

from harness.deadline import Deadline
from harness.nightly.plan import Plan
from harness.nightly.programs import Ended
from harness.nightly.recovery import bring_back

GOOD = {"name": "answer of left", "ok": True, "text": "firmware 4f1c"}
HUNG = {"name": "answer of left", "ok": False, "text": "nothing came within 2 s"}
OTHER = {"name": "udev rules", "ok": False, "text": "none"}


class Commands:
    """Answers in the place of `tflm-hil`, one after another; keeps what was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def run(self, command, *, seconds, log, environment=None):
        self.asked.append([part for part in command if part in ("doctor", "reset", "left", "--inventory", "b.yaml")])
        answer = self.answers.pop(0)
        if answer == "hangs":
            log.write_bytes(b"")
            return Ended("deadline", None, seconds, log)
        log.write_text(answer if isinstance(answer, str) else "noise\n" + json.dumps({"ok": 0, "checks": answer}))
        return Ended("ended", 1, 0.1, log)


def brought_back(tmp_path, commands, board="left", when="before"):
    plan = Plan(nights=tmp_path, boards=(board,), inventory=Path("b.yaml"))
    return bring_back(plan, board, tmp_path, commands, Deadline(100), when)


def test_one_that_answers_is_left_alone(tmp_path):
    commands = Commands([OTHER, GOOD])
    assert brought_back(tmp_path, commands) == []
    assert commands.asked == [["doctor", "left", "--inventory", "b.yaml"]]


@pytest.mark.parametrize("when", ["before", "after"])
def test_one_that_hangs_is_reset(tmp_path, when):
    commands = Commands([HUNG], "reset\n", [GOOD])
    [note] = brought_back(tmp_path, commands, when=when)
    assert note == f"did not answer {when} the tests (nothing came within 2 s), a reset brought it back"
    assert [asked[0] for asked in commands.asked] == ["doctor", "reset", "doctor"]


def test_one_that_does_not_come_back_is_told_of(tmp_path):
    [note] = brought_back(tmp_path, Commands("hangs", "hangs", "hangs"))
    assert note == "did not answer before the tests, and a reset did not bring it back (no answer within 60 s)"


@pytest.mark.parametrize("answer", ["Traceback: \x1b[31mno", '{"checks": 3}', '{"checks": [3]}', "[" * 100_000])
def test_an_answer_that_is_none_counts_as_none(tmp_path, answer):
    [note] = brought_back(tmp_path, Commands(answer, "", answer))
    assert note.startswith("did not answer before the tests, and a reset") and note.isprintable()


@pytest.mark.parametrize("board", ["host", "emulator", "emulator-3"])
def test_boards_that_are_programs_start_anew_anyway(tmp_path, board):
    assert brought_back(tmp_path, Commands(), board) == []
