"""The commands for boards with one on another computer, behind a real server of its port."""

import json
import os
import socket
import tty

import pytest

from harness.boards.pico.waiting import poll
from harness.cli import monitor
from harness.cli.main import main
from harness.deadline import Deadline
from tests.integration.conftest import MODELS
from tests.support.serial_server import SerialServer

SINE, OTHER = (str(MODELS / f"{name}.tflite") for name in ("sine_int8", "accumulator"))


@pytest.fixture
def nobody():
    """An URL that nobody serves."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"socket://127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """What is away is not waited for so long."""
    monkeypatch.setattr("harness.boards.remote.board._BACK_SECONDS", 1.0)


@pytest.fixture
def talker():
    """A board that only talks: what is written to this descriptor it says; and its server."""
    mine, its = os.openpty()
    tty.setraw(its)
    served = SerialServer(lambda: os.ttyname(its), rfc2217=False)
    yield mine, served
    served.close()
    os.close(mine)
    os.close(its)


def test_flash_finds_nothing_to_do(server, capsys, monkeypatch):
    assert main(["flash", server.url, SINE]) == 0
    assert "flashing skipped, unchanged" in " ".join(capsys.readouterr().out.split())
    # On a terminal, a Pico here would have a bar.
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["flash", server.url]) == 0
    assert main(["flash", server.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["flashed"] is False


def test_flash_says_where_to_flash(server, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["flash", server.url, OTHER, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["error"] == "FlashFailed" and "not on the board: accumulator" in told["message"]
    assert "on the computer that it is plugged into" in told["advice"]


def test_reset_restarts_it(server, host, capsys):
    before = host._process.pid
    assert main(["reset", server.url]) == 0
    assert "restarted" in capsys.readouterr().out
    assert host._process.pid != before


def test_reset_says_what_to_do_with_a_board_that_does_not_answer(talker, capsys, monkeypatch):
    monkeypatch.setattr("harness.boards.remote.board._IDENTIFY_SECONDS", 0.2)
    assert main(["reset", talker[1].url]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "LinkLost" in said and "restart the board on the computer that it is plugged into" in said


def test_doctor_asks_it(server, capsys):
    assert main(["doctor", "--board", server.url, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    checks = {check["name"]: check for check in told["checks"]}
    assert "engine tflm" in checks[f"answer of {server.url}"]["text"]
    # Firmware, picotool and USB are the other computer's matter.
    assert {check["name"] for check in told["checks"] if check["needed"]} == {"python", f"answer of {server.url}"}


def test_doctor_says_that_nobody_is_there(nobody, capsys):
    assert main(["doctor", "--board", nobody, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    [answer] = (check for check in told["checks"] if check["name"] == f"answer of {nobody}")
    assert not answer["ok"] and "cannot be opened" in answer["text"] and "that the server runs" in answer["fix"]


@pytest.fixture
def remarks(monkeypatch):
    """What is done when monitor remarks something: functions by a word of the remark."""
    actions = {}
    remark = monitor._remark

    def remark_and_act(text):
        remark(text)
        for word, action in actions.items():
            if word in text:
                action()

    monkeypatch.setattr(monitor, "_remark", remark_and_act)
    return actions


def say(talker, text, connection):
    """Has the board talk, once the server has opened its port for the connection of that number."""
    mine, served = talker
    assert poll(lambda: served.served >= connection or None, Deadline(30))
    os.write(mine, text)


def test_monitor_shows_its_log(talker, remarks, capsys):
    remarks["listening"] = lambda: say(talker, b"one [bold]line\n", 1)
    assert main(["monitor", talker[1].url, "--seconds", "1", "--json"]) == 0
    said = capsys.readouterr()
    assert [json.loads(line)["text"] for line in said.out.splitlines()] == ["one [bold]line"]
    assert "listening" in said.err


def test_monitor_goes_on_after_a_server_that_hung_up(talker, remarks, capsys):
    _, served = talker

    def hang_up():
        say(talker, b"first\n", 1)
        served.hang_up()

    remarks["listening"] = hang_up
    remarks["is back"] = lambda: say(talker, b"again\n", 2)
    assert main(["monitor", served.url, "--seconds", "4"]) == 0
    said = capsys.readouterr()
    assert "again" in said.out and said.err.count("waiting for the board") == said.err.count("the board is back") == 1


def test_monitor_gives_up_a_server_that_only_hangs_up(capsys, monkeypatch):
    """As one does whose port is gone: it takes a connection, and closes it."""
    monkeypatch.setattr(monitor, "_BACK_SECONDS", 1.0)
    # However slow this computer is.
    monkeypatch.setattr(monitor, "_STAYS_SECONDS", 10.0)
    served = SerialServer(lambda: os.devnull + "/none", rfc2217=False)
    try:
        assert main(["monitor", served.url, "--seconds", "30"]) == 1
    finally:
        served.close()
    said = " ".join(capsys.readouterr().err.split())
    assert "LinkLost" in said and "did not come back" in said and "the server closes the connection" in said
    assert said.count("waiting for the board") == 1 and "is back" not in said


def test_monitor_ends_in_time_while_it_waits(capsys):
    served = SerialServer(lambda: os.devnull + "/none", rfc2217=False)
    try:
        assert main(["monitor", served.url, "--seconds", "0.5"]) == 0
    finally:
        served.close()
    said = capsys.readouterr().err
    assert "Lost" not in said and "is back" not in said


@pytest.mark.parametrize("command", [["flash"], ["monitor"]])
def test_nobody_there_is_said_at_once(command, nobody, capsys):
    assert main([*command, nobody]) == 1
    assert f"BoardNotFound: {nobody} cannot be opened" in capsys.readouterr().err


def test_reset_of_nobody_says_so(nobody, capsys):
    assert main(["reset", nobody]) == 1
    assert "LinkLost" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["flash", "URL", "--inventory", "b.yaml"], "--inventory: it does nothing for `flash` with 'socket://"),
        (["flash", "URL", "--board-wait", "3"], "--board-wait: it does nothing"),
        (["flash", "URL", "--always"], "--always: a board that is plugged into this computer expected"),
        (["reset", "URL", "--firmware", "f.uf2"], "--firmware: it does nothing"),
        (["reset", "URL", "--inventory", "b.yaml"], "--inventory: it does nothing"),
        (["reset", "URL", "--bootsel"], "plugged into this computer expected, 'socket://"),
        (["monitor", "URL", "--firmware", "f.uf2"], "--firmware: it does nothing"),
        (["monitor", "URL", "--board-wait", "3"], "--board-wait: it does nothing"),
        (["doctor", "--board", "URL", "--board-wait", "3"], "--board-wait: it does nothing"),
        (["bench", SINE, "--board", "URL", "--inventory", "b.yaml"], "--inventory: it does nothing"),
        (["run-uf2", SINE, "--board", "URL"], "plugged into this computer expected, 'socket://"),
    ],
)
def test_what_would_do_nothing_for_it_is_refused(arguments, words, nobody, capsys):
    arguments = [nobody if argument == "URL" else argument for argument in arguments]
    assert main([*arguments, "--json"]) == 2
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["error"] == "Misuse" and words in told["message"] and told["advice"]


def test_a_firmware_that_must_be_on_it_is_looked_for(nobody, capsys, tmp_path):
    assert main(["flash", nobody, "--firmware", str(tmp_path / "gone.uf2")]) == 1
    assert "gone.uf2" in capsys.readouterr().err
