"""Images that are not ours on a Pico: brought there by the real picotool, run by an emulated RP2040."""

import json

import pytest

from harness.boards.emulator.availability import why_unavailable
from harness.boards.pico import recovery
from harness.boards.pico import usb as pico_usb
from harness.cli.main import main
from tests.integration.pico.conftest import SERIAL
from tests.support.third_party_images import image_path, why_not_built

pytestmark = pytest.mark.emulated


@pytest.fixture
def run(bus, capsys, monkeypatch):
    """Runs the command on the board at 1-2; its exit code, and what it says in JSON."""
    if why_unavailable() is not None:
        pytest.skip(why_unavailable())
    monkeypatch.setattr(pico_usb, "SYSFS", bus.sysfs)
    monkeypatch.setattr(pico_usb, "DEV", bus.dev)

    def called(*names, inventory=None):
        for name in names:
            if why_not_built(name) is not None:
                pytest.skip(why_not_built(name))
        paths = [str(image_path(name)) for name in names]
        options = ["--timeout", "10", "--silence", "3", *(["--inventory", str(inventory)] if inventory else [])]
        code = main(["run-uf2", "--json", "--board", "1-2", *options, *paths])
        told = json.loads(capsys.readouterr().out)
        return code, [image["outcome"] for image in told["images"]], told

    return called


def test_one_after_another(bus, run):
    bus.plug("1-2", unique_id=SERIAL, application="emulator")
    code, outcomes, told = run("passes", "fails", "hangs", "passes_no_reset", "talks", "restarts", "tflm_floor_test")
    assert outcomes == ["passed", "failed", "crashed", "passed", "timeout", "crashed", "passed"], told
    assert (code, told["kind"]) == (1, "pico")
    assert SERIAL in told["board"]


def test_a_board_that_no_request_reaches_is_said_to_be_lost(bus, run, monkeypatch):
    """After a panic the chip stands still, its USB too: only taking its power helps, and nobody can here."""
    monkeypatch.setattr(recovery, "RETURN_SECONDS", 1.0)
    bus.plug("1-2", unique_id=SERIAL, application="emulator")
    code, outcomes, told = run("panics", "passes", "passes_no_reset", "fails")
    assert (code, outcomes) == (1, ["crashed", "not run", "not run", "not run"]), told
    assert "hold BOOTSEL down" in told["images"][1]["detail"] and "hub" in told["images"][1]["detail"]
    assert told["images"][3]["detail"].startswith("the board was lost before")


def test_images_without_the_reset_interface_are_replaced_by_1200_baud(bus, run):
    bus.plug("1-2", unique_id=SERIAL, application="emulator", reset_interface=False)
    code, outcomes, told = run("passes_no_reset", "passes")
    assert (code, outcomes) == (0, ["passed", "passed"]), told


def test_a_hub_brings_a_board_back_that_no_request_reaches(bus, run, monkeypatch, tmp_path):
    pico = bus.plug("1-2", unique_id=SERIAL, application="emulator")
    monkeypatch.setattr(recovery, "RETURN_SECONDS", 1.0)
    monkeypatch.setattr(recovery, "power_cycle", lambda power: pico.power_cycle())
    inventory = tmp_path / "boards.yaml"
    inventory.write_text(f'boards: {{one: {{serial: "{SERIAL}", port: "1-2", power: {{hub: "1-1.4", port: 3}}}}}}')
    # This panic waits for a listener. One that does not must be outrun, or met with BOOTSEL pressed.
    code, outcomes, told = run("panics", "passes", inventory=inventory)
    assert (code, outcomes) == (1, ["crashed", "passed"]), told
