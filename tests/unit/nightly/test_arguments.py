"""What a person writes after `tflm-hil nightly`."""

import json
from pathlib import Path

import pytest

from harness.cli.main import main, parser
from harness.cli.nightly import plan_of
from harness.errors import Misuse
from harness.nightly.cleanup import Retention


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def plan(*arguments):
    return plan_of(parser().parse_args(["nightly", "nights", *arguments]))


def test_defaults_are_those_of_the_help():
    found = plan("--board", "host")
    assert (found.nights, found.boards, found.retries, found.board_seconds) == (Path("nights"), ("host",), 1, 3600.0)
    assert found.keep == Retention(nights=14, days=90, free=2 * 1024**3)


def test_all_of_it():
    pairs = {
        "--build": "make 'a b' firmware",
        "--accept": "model",
        "--compare": "3",
        "--deadline": "60",
        "--retries": "0",
    }
    options = [part for pair in pairs.items() for part in pair]
    boards = ["--board", "left", "--board", "right", "--tests", "a", "--tests", "b"]
    found = plan(*boards, *options, "--keep-free", "1 MiB", "--pytest=-k 'not slow'")
    assert found.boards == ("left", "right") and found.tests == ("a", "b") and found.arguments == ("-k", "not slow")
    assert found.build == ("make", "a b", "firmware") and found.accept == ("model",)
    assert (found.compared_nights, found.board_seconds, found.retries, found.keep.free) == (3, 60.0, 0, 1024**2)


def test_the_boards_of_the_inventory():
    Path("boards.yaml").write_text('boards:\n  left: {port: "1-2"}\n  right: {port: "1-3"}\n')
    found = plan()
    assert found.boards == ("left", "right") and found.inventory == Path("boards.yaml").absolute()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "a board expected, none came"),
        (["--board", "a/b", "--board", "a_b"], "each board once expected, a_b came twice"),
        (["--board", "host", "--build", "make 'x"], "--build: words expected: No closing"),
        (["--board", "host", "--build", " "], "--build: words expected, none came"),
    ],
)
def test_what_cannot_be_is_said_at_once(arguments, words):
    with pytest.raises(Misuse, match=words):
        plan(*arguments)


@pytest.mark.parametrize(
    "arguments", [["--retries", "9"], ["--retries", "-1"], ["--keep-nights", "0"], ["--accept", "x"]]
)
def test_numbers_out_of_range(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        plan("--board", "host", *arguments)
    assert caught.value.code == 2
    assert "nightly: error" in capsys.readouterr().err


def test_a_night_without_firmware_is_broken_and_has_a_result(capsys, monkeypatch):
    monkeypatch.delenv("TFLM_HIL_WEBHOOK", raising=False)
    assert main(["nightly", "nights", "--board", "emulator", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["boards"]) == ("broken", [])
    assert told["why"].startswith("no firmware: ")
    assert Path("nights/latest/status.txt").read_text() == told["line"] + "\n"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("false", "building the firmware (false) ended with exit code 1; see build.log"),
        ("/no/such/make", "building the firmware (/no/such/make) /no/such/make cannot be started: No such file"),
    ],
)
def test_a_firmware_that_cannot_be_built_is_told(capsys, command, words):
    assert main(["nightly", "nights", "--board", "host", "--build", command]) == 1
    assert words in capsys.readouterr().out
    assert Path("nights/latest/build.log").exists()
