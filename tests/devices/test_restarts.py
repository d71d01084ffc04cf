"""Restarts of the loopback firmware, wanted and unwanted, and boards beside each other."""

import os
import signal
import subprocess
import sys

import pytest

from harness.bench import Bench
from harness.boards.emulator.flash_file import FlashFile
from harness.errors import BoardBusy, DeviceTimeout, LinkLost
from harness.flash.pack import ModelPack
from harness.models.library import ModelLibrary
from tests.devices.conftest import make_emulator
from tests.devices.steps import count_of, echo, emulator_pid, fault, open_model, reboot
from tests.support.firmware_images import ROOT, image_path
from tests.support.loopback_model import loopback_model
from tests.support.processes import children, is_gone

MODELS = [("echo", loopback_model(64))]
DATA = bytes(range(64))


def is_fresh(client):
    """Whether the firmware has just started: no record was sent, no session is open."""
    return client.request("ping").final["n"] == 0 and echo(client, open_model(client, "echo"), DATA) == DATA


def test_reboot_answers_and_starts_anew(board):
    client = board.connect()
    assert is_fresh(client)
    assert is_fresh(reboot(board, client))


def test_twenty_reboots_each_answered(board):
    client = board.connect()
    for _ in range(20):
        client = reboot(board, client)
        assert client.request("ping").final["n"] == 0


def test_reset_by_force(board):
    client = board.connect()
    client.ping()
    board.recover()
    assert is_fresh(board.connect())


def test_power_cycle(board):
    board.connect().ping()
    board.power_cycle()
    client = board.connect()
    assert is_fresh(client)
    assert client.identify().crash is None


def test_the_reset_interface_starts_the_firmware_anew(board):
    client = board.connect()
    client.ping()
    board.request_reset(bootsel=False)
    with pytest.raises(LinkLost, match="hung up"):
        client.request("log", {"lines": "1000000", "bytes": "12"}, seconds=60)
    client = board.connect()
    assert is_fresh(client)
    assert client.identify().crash is None, "a restart that was asked for is no crash"


@pytest.mark.parametrize("way", ["request", "1200 baud"])
def test_the_ways_into_bootsel(board, way):
    client = board.connect()
    client.ping()
    if way == "request":
        board.request_reset(bootsel=True)
    else:
        board.set_line_coding(1200)
    board.wait_bootsel(60)
    assert board.usb_state == "bootsel"
    board.recover()
    client = board.connect()
    assert is_fresh(client)
    assert client.identify().crash is None


@pytest.mark.parametrize("baud", [300, 9600, 115200])
def test_other_speeds_mean_nothing(board, baud):
    client = board.connect()
    client.ping()
    board.set_line_coding(baud)
    client.ping()
    assert board.usb_state == "serial"


def test_bootsel_and_nobody_flashes(board):
    board.request_reset(bootsel=True)
    board.wait_bootsel(60)
    board.flash(board.image(ModelPack(MODELS)))
    assert is_fresh(board.connect())


# --- what stays ------------------------------------------------------------------------------------------------------


def test_flash_outlives_the_board_object(loopback, tmp_path):
    board = make_emulator(loopback, tmp_path, models=MODELS)
    before = FlashFile(tmp_path / "emulator-0.flash").read()
    serial = board.serial
    board.close()
    from harness.boards.emulator.board import EmulatorBoard

    again = EmulatorBoard(loopback, "emulator-0", tmp_path)
    try:
        client = again.connect()
        identity = client.identify()
        assert (identity.serial, identity.pack_crc) == (serial, f"{ModelPack(MODELS).crc:08x}")
        assert [model.name for model in client.models()] == ["echo"]
    finally:
        again.close()
    assert FlashFile(tmp_path / "emulator-0.flash").read() == before


def test_flashing_changes_no_more_than_it_must(own_boards, tmp_path):
    board = own_boards(models=MODELS)
    first = FlashFile(tmp_path / "emulator-0.flash").read()
    board.flash(board.image(ModelPack([("other", loopback_model(8))])))
    second = FlashFile(tmp_path / "emulator-0.flash").read()
    changed = [place for place in range(0, len(first), 4096) if first[place : place + 4096] != second[place:][:4096]]
    assert changed == [0x100000], "one sector of the pack"
    assert [model.name for model in board.connect().models()] == ["other"]


def test_a_bench_flashes_what_is_missing_and_nothing_else(board, monkeypatch):
    monkeypatch.setattr(board, "close", lambda: None)
    bench = Bench(board, ModelLibrary([]))
    pid = emulator_pid(board)
    assert bench.prepare().text == "flashing skipped, unchanged"
    assert emulator_pid(board) == pid
    assert [model.name for model in bench.client.models()] == ["echo"]
    bench.close()


# --- beside each other -----------------------------------------------------------------------------------------------


def test_two_boards_do_not_disturb_each_other(own_boards):
    one = own_boards("emulator-1", MODELS)
    other = own_boards("emulator-2", [("echo", loopback_model(32))])
    first, second = one.connect(), other.connect()
    serials = {first.identify().serial, second.identify().serial}
    assert len(serials) == 2 and all(len(serial) == 16 for serial in serials)
    kept = open_model(first, "echo")
    echo(first, kept, DATA)
    second, identity = fault(other, second, "panic")
    assert identity.crash.reason == "panic"
    assert first.identify().crash is None
    other.power_cycle()
    echo(first, kept, DATA)
    assert count_of(first, kept) == 2
    second = other.connect()
    assert echo(second, open_model(second, "echo"), DATA[:32]) == DATA[:32]


def test_a_board_is_one_runs_alone(own_boards, loopback, tmp_path):
    own_boards("emulator-1")
    with pytest.raises(BoardBusy, match="emulator-1 is in use"):
        make_emulator(loopback, tmp_path, name="emulator-1")
    free = own_boards("emulator")
    assert free.name == "emulator-0"


_HOLDER = """
import sys
from pathlib import Path
from harness.boards.emulator.board import EmulatorBoard
from harness.flash.firmware import load_firmware
from harness.flash.pack import ModelPack
board = EmulatorBoard(load_firmware(Path(sys.argv[1])), "emulator-0", Path(sys.argv[2]))
board.flash(board.image(ModelPack()))
client = board.connect()
client.ping()
print("ready", flush=True)
client.request("fault", {"kind": "hang"}) if sys.argv[3] == "busy" else sys.stdin.read()
"""


@pytest.mark.parametrize("doing", ["busy", "idle"])
@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
def test_the_emulator_ends_with_the_run_whatever_ends_the_run(loopback, tmp_path, doing, signal_number):
    command = [sys.executable, "-c", _HOLDER, str(image_path("loopback")), str(tmp_path), doing]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as run:
        assert run.stdout.readline() == b"ready\n"
        [emulator] = children(run.pid)
        run.send_signal(signal_number)
        run.wait(60)
        assert is_gone(emulator)
    # And lets the board go.
    make_emulator(loopback, tmp_path).close()


def test_an_emulator_that_dies_is_noticed_and_replaced(own_boards):
    board = own_boards(models=MODELS)
    client = board.connect()
    client.ping()
    os.kill(emulator_pid(board), signal.SIGKILL)
    with pytest.raises((LinkLost, DeviceTimeout)):
        client.request("fault", {"kind": "hang"}, seconds=60)
    board.recover()
    assert is_fresh(board.connect())
