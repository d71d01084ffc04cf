"""The commands on a virtual Pico, with the real picotool."""

import json
import os

import pytest

from harness.boards.pico import lock, usb
from harness.cli.main import main
from tests.integration.pico.conftest import SERIAL


@pytest.fixture
def pico(bus, firmware, old_flash, monkeypatch):
    """A board with another firmware on it, and this computer's USB is the virtual one."""
    monkeypatch.setattr(usb, "SYSFS", bus.sysfs)
    monkeypatch.setattr(usb, "DEV", bus.dev)
    return bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy")


def call(capsys, *arguments):
    code = main([*arguments, "--json"])
    said = capsys.readouterr()
    assert code == 0, said.err
    return json.loads(said.out)


def test_found_flashed_reset_and_asked(pico, firmware, capsys):
    uf2 = ("--firmware", str(firmware.path))
    (board,) = (b for b in call(capsys, "boards", *uf2)["boards"] if b["name"] == "1-2")
    assert (board["serial"], board["mode"], board["holder"]) == (SERIAL, "application", None)
    assert board["firmware"] == "TFLM bench"

    told = call(capsys, "flash", "auto", *uf2)
    assert told["flashed"] and told["build"] == firmware.build
    pico.counts.clear()
    assert not call(capsys, "flash", SERIAL, *uf2)["flashed"]
    assert not pico.counts.flash_touched

    call(capsys, "reset", "1-2", "--bootsel")
    assert pico.mode == "bootsel"
    call(capsys, "reset", "1-2")
    assert pico.mode == "application"

    checks = {check["name"]: check for check in call(capsys, "doctor", "--board", "1-2", *uf2)["checks"]}
    assert "access to 1-2" in checks
    assert SERIAL in checks["answer of 1-2"]["text"] and checks["picotool"]["ok"]
    assert main(["monitor", "1-2", "--seconds", "0.2"]) == 0


def test_boards_says_who_has_one(pico, open_pico, capsys):
    open_pico("1-2")
    (board,) = (b for b in call(capsys, "boards")["boards"] if b["name"] == "1-2")
    assert board["holder"]["pid"] > 0 and not board["usable"]
    assert main(["monitor", "1-2"]) == 1
    assert "BoardBusy" in capsys.readouterr().err
    assert lock.holders(lock.lock_folder())


def test_flash_shows_its_progress_on_a_terminal(pico, firmware, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["flash", "1-2", "--firmware", str(firmware.path)]) == 0
    said = capsys.readouterr()
    assert " and 0 models (" in said.out
    for words in ("writing", "verifying", "100%"):
        assert words in said.err


def test_what_only_root_may_open_is_a_problem(pico, capsys):
    node = next(one for one in usb.this_computer().devices() if one.is_pico).ttys[0]
    node.chmod(0o600)
    check = next(c for c in call(capsys, "doctor")["checks"] if c["name"] == "access to 1-2")
    if os.geteuid() == 0:
        assert not check["ok"] and "for root alone" in check["text"] and "60-tflm-hil.rules" in check["fix"]
