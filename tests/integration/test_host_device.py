"""What only the host board's program does; what every device must do, tests/devices asks of it too."""

import json
from pathlib import Path

import pytest

pytest.importorskip("tflite_micro", reason="TFLM's wheel exists for x86-64 Linux only")

from harness.boards.host.commands import Commands
from harness.boards.host.device import Device, Records
from harness.boards.host.pty import HostGone
from harness.flash.pack import ModelPack
from tests.support.processes import children, is_gone
from tests.support.terminal import HostProgram, Terminal

MODELS = Path(__file__).parents[2] / "test_cases" / "models"


@pytest.fixture
def program(tmp_path):
    """A device's program."""
    models = ModelPack([("small", (MODELS / "sine_int8.tflite").read_bytes())])
    program = HostProgram(tmp_path / "a.flash", models)
    yield program
    program.close()


@pytest.fixture
def terminal(program):
    """An open port to it."""
    terminal = Terminal(program.pty)
    yield terminal
    terminal.close()


class Pieces:
    """A port on which bytes arrive in given pieces."""

    def __init__(self, *pieces):
        self._pieces = list(pieces)
        self.written = b""

    def read(self, deadline=None):
        if not self._pieces:
            raise HostGone
        return self._pieces.pop(0)

    def write(self, data):
        self.written += data


@pytest.mark.parametrize("pieces", [(b" " * 300, b"reboot\n"), (b" " * 200, b" " * 200, b" ", b"reboot", b"\n")])
def test_the_end_of_an_over_long_line_is_not_obeyed(pieces):
    port = Pieces(*pieces, b"pi", b"ng #8\nreb", b"oot #9\n")
    records = Records(port)
    device = Device(port, records, Commands(records, serial="s", flash=Path("none"), lifeline=0))
    device.run()
    answers = [json.loads(line[1:]) for line in port.written.splitlines()]
    assert [(record["type"], record.get("id")) for record in answers] == [("error", None), ("reply", 8), ("reply", 9)]


def test_help_lists_every_verb_and_no_other(terminal):
    terminal.type("help\n")
    *lines, _ = terminal.answer()
    verbs = [record["text"].split()[0] for record in lines]
    expected = "identify models open input invoke output reset close ping pause relink work log clock reboot help"
    assert " ".join(verbs) == expected


def test_what_tflm_prints_stands_on_lines_of_its_own_before_the_error(terminal):
    terminal.type("open model=small arena=800 #12\n")
    *log, error = terminal.answer()
    assert (error["code"], error["id"]) == ("allocate_failed", 12)
    assert log
    assert all(isinstance(line, bytes) and b"\x1e" not in line for line in log)
    assert any(line.startswith(b"Failed to ") and b"Requested: " in line for line in log)


def test_a_crash_of_tflm_is_an_error_record_and_ends_all_sessions(terminal):
    number = terminal.open()
    terminal.type("open model=small arena=256 #13\n")
    error = terminal.answer()[-1]
    assert (error["type"], error["code"], error["message"], error["id"]) == ("error", "crashed", "SIGSEGV", 13)
    assert terminal.ask(f"reset session={number}")["code"] == "no_session"
    assert terminal.open() > number


def test_the_arena_is_that_of_a_computer(terminal):
    terminal.ask("open model=small arena=33000000")
    error = terminal.ask("open model=small arena=1000000")
    assert (error["code"], error["message"]) == ("no_arena", "1000000 bytes of arena wanted, 554432 are free")


def test_megabytes_for_a_closed_session_are_swallowed(terminal):
    number = terminal.open()
    terminal.ask(f"close session={number}")
    assert terminal.stage(number, b"\x1e\x00\xff" * 1_000_000)["code"] == "no_session"
    assert terminal.ask("ping #21")["id"] == 21


def test_it_ends_after_reboot(program, terminal):
    terminal.open()
    [child] = children(program.process.pid)
    # Two tensors and the reply to `open` came before.
    assert terminal.ask("reboot #1") == {"n": 3, "type": "reply", "id": 1, "verb": "reboot"}
    terminal.close()
    assert program.process.wait(10) == 0
    assert is_gone(child)


@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_with_its_standard_input(program, terminal, busy):
    number = terminal.open()
    [child] = children(program.process.pid)
    if busy:
        terminal.stage(number, b"\1")
        terminal.type(f"invoke session={number} repeats=100000 warmup=100000\n")
    program.process.stdin.close()
    assert program.process.wait(10) == 0
    assert is_gone(child)
