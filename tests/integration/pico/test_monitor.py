"""`tflm-hil monitor` in a process of its own, on a virtual Pico: what a person sees, and how it ends."""

import json
import os
import signal
import sys
import threading

import pytest

from harness.boards.emulator.availability import why_unavailable
from harness.boards.pico import usb
from harness.cli.main import main
from harness.flash.layout import FLASH_ADDRESS
from tests.integration.conftest import ROOT
from tests.integration.pico.conftest import OTHER_SERIAL, SERIAL
from tests.support.firmware_images import load_image, why_no_image
from tests.support.program import Program

SCRIPT = """
import sys
from pathlib import Path
from harness.boards.pico import board, lock, usb
from harness.cli.main import main
usb.SYSFS, usb.DEV, lock.FOLDER = Path({sysfs!r}), Path({dev!r}), Path({locks!r})
board._CONNECT_SECONDS = 2.0
sys.exit(main(["monitor", *sys.argv[1:]]))
"""


@pytest.fixture
def pico(bus, old_flash):
    """A board with a firmware that says nothing by itself."""
    return bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy")


@pytest.fixture
def start(bus, tmp_path):
    """Starts a monitor, and waits until it listens."""
    script = SCRIPT.format(sysfs=str(bus.sysfs), dev=str(bus.dev), locks=str(tmp_path / "locks"))
    started = []

    def start_monitor(*arguments):
        command = [sys.executable, "-c", script, *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        started.append(Program(command, tmp_path, environment, threading.Condition()))
        started[-1].await_words(f"{SERIAL} at 1-2: listening; Ctrl-C ends it")
        return started[-1]

    yield start_monitor
    for monitor in started:
        monitor.close()


def say(pico, *lines):
    """Has the dummy application say something by itself."""
    data = b"".join(line + b"\n" for line in lines)
    assert pico._dummy._port.write(data) == len(data)


def interrupted(monitor):
    monitor.process.send_signal(signal.SIGINT)
    return monitor.ended()


def test_logs_and_records_are_readable_and_harmless(pico, start):
    monitor = start("1-2")
    say(
        pico,
        b"arena: 2100 bytes [bold]used[/bold]\r",
        b"\x1b[2J\x1b]0;owned\x07 wiped \xff",
        b'\x1e{"n":0,"type":"reply","id":7,"verb":"models","count":2,"text":"two words"}',
        b'\x1e{"n":1,"type":"event","text":"\\u001b[31mred"}',
        b"\x1e{nonsense",
        b"that was all",
    )
    monitor.await_words("that was all")
    code, said = interrupted(monitor)
    assert code == 0, said
    shown = [line[len("hh:mm:ss.mmm ") :] for line in said.splitlines()[1:]]
    assert shown[:4] == [
        "  arena: 2100 bytes [bold]used[/bold]",
        r"  \x1b[2J\x1b]0;owned\x07 wiped \xff",
        '< reply id=7 verb=models count=2 text="two words"',
        r"< event text=\x1b[31mred",
    ]
    assert shown[4].startswith("< (broken: not JSON") and shown[5:] == ["  that was all"]
    assert all(line.isprintable() for line in said.split("\n"))


def test_programs_get_one_object_per_line(pico, start):
    monitor = start("1-2", "--json")
    say(pico, b"\x1b[2J", b'\x1e{"n":0,"type":"event"}')
    monitor.await_words("event")
    code, said = interrupted(monitor)
    # The first line is for people, on the other output.
    told = [json.loads(line) for line in said.splitlines()[1:]]
    assert code == 0 and [(one["kind"], one["text"]) for one in told] == [
        ("log", r"\x1b[2J"),
        ("record", '{"n":0,"type":"event"}'),
    ]


def test_ctrl_c_is_how_it_ends(pico, start, open_pico):
    code, said = interrupted(start("1-2"))
    assert (code, said.splitlines()[1:]) == (0, [])
    # The board is free again.
    assert open_pico("1-2").connect().identify().serial == SERIAL


def test_it_follows_a_board_that_restarts(pico, start):
    monitor = start("1-2")
    say(pico, b"before")
    monitor.await_words("before")
    pico.unplug()
    monitor.await_words("the port is gone; waiting for the board")
    pico.replug()
    monitor.await_words("the board is back")
    say(pico, b"afterwards")
    monitor.await_words("afterwards")
    assert interrupted(monitor)[0] == 0


@pytest.mark.parametrize(
    ("happens", "error", "advice"),
    [
        (lambda pico: pico.unplug(), "BoardNotFound: *a serial port within 2 s expected, none came", "check cable"),
        (lambda pico: pico.press_bootsel(), "NoFirmware: *, 1-2 (RP2040, BOOTSEL", "`tflm-hil flash BOARD`"),
    ],
    ids=["unplugged", "BOOTSEL"],
)
def test_a_board_that_does_not_come_back_ends_it_with_the_reason(pico, start, happens, error, advice):
    monitor = start("1-2")
    happens(pico)
    code, said = monitor.ended()
    name, _, words = error.partition("*")
    assert code == 1 and name in said and words in said and advice in said, said
    assert "Traceback" not in said


def test_another_board_in_its_place_is_not_listened_to(bus, pico, start, old_flash):
    monitor = start(SERIAL)
    pico.unplug()
    monitor.await_words("waiting for the board")
    bus.remove(pico)
    bus.plug("1-2", unique_id=OTHER_SERIAL, flash=old_flash, application="dummy")
    code, said = monitor.ended()
    assert code == 1 and f"WrongBoard: USB port 1-2: serial number {SERIAL} expected, {OTHER_SERIAL} came" in said, said


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_board_in_bootsel_says_nothing_and_that_is_said(bus, old_flash, monkeypatch, capsys, as_json):
    monkeypatch.setattr(usb, "SYSFS", bus.sysfs)
    monkeypatch.setattr(usb, "DEV", bus.dev)
    bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy", mode="bootsel")
    assert main(["monitor", "1-2", *as_json]) == 1
    said = capsys.readouterr()
    words = " ".join(said.err.split())
    assert "NoFirmware" in words and "1-2 (RP2040, BOOTSEL" in words and "`tflm-hil flash BOARD`" in words
    assert not as_json or json.loads(said.out)["error"] == "NoFirmware"


@pytest.mark.emulated
def test_a_real_firmware_that_somebody_else_speaks_to(bus, start):
    reason = why_unavailable() or why_no_image("loopback")
    if reason is not None:
        pytest.skip(reason)
    loopback = load_image("loopback")
    flash = bytearray()
    for address, data in loopback.uf2.segments:
        flash = flash.ljust(address - FLASH_ADDRESS, b"\xff") + data
    pico = bus.plug("1-2", unique_id=SERIAL, flash=bytes(flash), application="emulator")
    monitor = start("1-2")
    with pico.tty.open("wb", buffering=0) as port:
        port.write(b"identify\nnonsense\n")
        monitor.await_words("unknown_verb")
    code, said = interrupted(monitor)
    assert code == 0
    assert "< reply verb=identify protocol=1 engine=loopback" in said and f"build={loopback.build}" in said, said
