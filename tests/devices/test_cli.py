"""`tflm-hil` with an emulated board."""

import json

import pytest

from harness.cli.main import main
from tests.devices.conftest import demand
from tests.support.firmware_images import ROOT

SINE = str(ROOT / "test_cases" / "models" / "sine_int8.tflite")

pytestmark = pytest.mark.emulated


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    """Emulated boards that are not the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def call(loopback, capsys):
    """Calls a command, with the loopback firmware, that must succeed; returns what it tells."""

    def call_command(command, *arguments):
        assert main([command, *arguments, "--firmware", str(loopback.path), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return call_command


def test_flash_brings_firmware_and_models_and_the_flash_is_kept(call, loopback, capsys):
    blank = call("flash", "emulator")
    assert (blank["board"], blank["flashed"], blank["build"]) == ("emulator-0", True, loopback.build)
    assert not call("flash", "emulator")["flashed"]
    told = call("flash", "emulator-0", SINE)
    assert told["flashed"] and " and 1 model (" in told["text"] and told["pack_crc"] != blank["pack_crc"]
    assert call("flash", "emulator", SINE)["text"] == "flashing skipped, unchanged"
    assert call("flash", "emulator", SINE, "--always")["flashed"]
    assert main(["flash", "emulator", SINE, "--firmware", str(loopback.path)]) == 0
    assert capsys.readouterr().out == (f"emulator-0: flashing skipped, unchanged; firmware {loopback.build} answers\n")


def test_flash_says_why_there_is_no_firmware(capsys, tmp_path):
    demand("loopback")
    assert main(["flash", "emulator", "--firmware", str(tmp_path / "gone.uf2"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["error"] == "FirmwareNotFound" and "gone.uf2" in told["message"] and told["advice"]


@pytest.mark.parametrize("command", ["reset", "monitor"])
def test_a_board_that_was_never_flashed_waits_for_it(command, loopback, capsys):
    assert main([command, "emulator", "--firmware", str(loopback.path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("NoFirmware: ") and "`tflm-hil flash BOARD`" in said


def test_a_board_that_was_flashed_is_reset_heard_and_asked(call, loopback, capsys):
    call("flash", "emulator-2")
    assert call("reset", "emulator-2") == {"board": "emulator-2", "bootsel": False}
    assert main(["monitor", "emulator-2", "--seconds", "0.2", "--firmware", str(loopback.path)]) == 0
    assert "emulator-2: listening" in capsys.readouterr().err
    checks = {check["name"]: check for check in call("doctor", "--board", "emulator-2")["checks"]}
    answer = checks["answer of emulator-2"]
    assert answer["ok"] and loopback.build in answer["text"] and "crash of emulator-2" not in checks
