"""The host board's device, as a person in a serial terminal meets it: raw bytes in, text and records out."""

import base64
import json
import os
import selectors
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import serial

pytest.importorskip("tflite_micro", reason="TFLM's wheel exists for x86-64 Linux only")

from harness.boards.host.commands import Commands
from harness.boards.host.device import Device, Records
from harness.boards.host.pty import HostGone
from harness.deadline import Deadline
from harness.flash.pack import ModelPack
from tests.support.processes import children, is_gone

MODELS = Path(__file__).parents[2] / "test_cases" / "models"
SECONDS = 20


class Terminal:
    """A device's program and an open port to it."""

    def __init__(self, flash, models):
        flash.write_bytes(ModelPack((name, (MODELS / f"{name}.tflite").read_bytes()) for name in models).encode())
        command = [sys.executable, "-m", "harness.boards.host.device", "--serial", "t-1", "--flash", str(flash)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pty = self.process.stdout.readline().split()[1].decode()
        self.port = serial.Serial(self.pty, timeout=0)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.port.fileno(), selectors.EVENT_READ)
        self._rest = b""
        self.sessions = []

    def type(self, data):
        """Sends bytes as they are."""
        data = data.encode() if isinstance(data, str) else data
        while data:
            data = data[self.port.write(data) :]

    def line(self, seconds=SECONDS):
        """The next line that the device sends, without its line feed; None if none comes, or the port hangs up."""
        deadline = Deadline(seconds)
        while b"\n" not in self._rest:
            if not self._selector.select(deadline.remaining()):
                return None
            try:
                data = os.read(self.port.fileno(), 65536)
            except OSError:
                return None
            if not data:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def answer(self, seconds=SECONDS):
        """Everything up to the next final record: log lines as bytes, records as dictionaries."""
        items = []
        while True:
            line = self.line(seconds)
            assert line is not None, f"no answer came, only {items}"
            if line[:1] != b"\x1e":
                items.append(line)
                continue
            record = json.loads(line[1:])
            items.append(record)
            if record["type"] in ("reply", "error"):
                if record.get("verb") == "open" and record["type"] == "reply":
                    self.sessions.append(record["session"])
                return items

    def ask(self, text, payload=b""):
        """Sends a line and returns its final record."""
        self.type(f"{text}\n".encode() + payload)
        return self.answer()[-1]

    def open(self, model="sine_int8"):
        """Opens a model and returns the session's number."""
        return self.ask(f"open model={model} arena=100000")["session"]

    def stage(self, session, data, crc=None, announced=None):
        crc = f"{zlib.crc32(data):08x}" if crc is None else crc
        size = len(data) if announced is None else announced
        return self.ask(f"input session={session} index=0 bytes={size} crc={crc}", data)

    def close(self):
        self._selector.close()
        self.port.close()
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    terminal = Terminal(tmp_path_factory.mktemp("device") / "a.flash", ["sine_int8", "accumulator"])
    yield terminal
    terminal.close()


@pytest.fixture
def terminal(shared):
    """A device that is used by one test after the other, and must be in step after each."""
    yield shared
    assert shared.ask("ping #999")["id"] == 999
    while shared.sessions:
        shared.ask(f"close session={shared.sessions.pop()}")


@pytest.fixture
def own(tmp_path):
    """A device of the test's own."""
    terminal = Terminal(tmp_path / "a.flash", ["sine_int8"])
    yield terminal
    terminal.close()


# --- what a person types ---------------------------------------------------------------------------------------------


def test_the_device_is_silent_until_it_is_spoken_to(own):
    assert own.line(0.3) is None
    assert own.ask("ping") == {"n": 0, "type": "reply", "verb": "ping"}
    assert own.line(0.1) is None


def test_help_lists_every_verb(terminal):
    terminal.type("help\n")
    *lines, final = terminal.answer()
    assert final["type"] == "reply"
    verbs = [record["text"].split()[0] for record in lines]
    assert " ".join(verbs) == "identify models open input invoke output reset close ping reboot help"
    for verb in verbs[:-2]:
        assert terminal.ask(verb).get("code") != "unknown_verb"


def test_a_whole_session_by_hand(terminal):
    number = terminal.open("accumulator")
    for expected in (11.5, 13.0):
        assert terminal.stage(number, b"\0\0\xc0\x3f")["type"] == "reply"
        terminal.type(f"invoke session={number} repeats=1 #4\n")
        samples, final = terminal.answer()
        assert samples["type"] == "data" and samples["first"] == 0 and len(samples["ticks"]) == 1
        assert (final["count"], final["tick_hz"], final["id"]) == (1, 10**9, 4)
        terminal.type(f"output session={number} index=0\n")
        chunk, final = terminal.answer()
        data = base64.b64decode(chunk["b64"], validate=True)
        assert (chunk["offset"], final["bytes"], final["crc"]) == (0, 4, f"{zlib.crc32(data):08x}")
        assert struct.unpack("<f", data) == (expected,)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "  \n", "\n\n\n", "\r\n\r\n"])
def test_every_terminals_line_ending(terminal, ending):
    terminal.type(f"ping #5{ending}")
    assert terminal.answer()[-1]["id"] == 5


def test_a_command_that_is_typed_slowly_letter_by_letter(terminal):
    for letter in "ping #6\n":
        terminal.type(letter)
    assert terminal.answer()[-1]["id"] == 6


def test_commands_typed_ahead_are_answered_in_order(terminal):
    terminal.type("ping #1\nbad verb\nping #2\nnosuch #3\nping #4\n")
    answers = [terminal.answer()[-1] for _ in range(5)]
    assert [record.get("id") for record in answers] == [1, None, 2, 3, 4]
    assert [record.get("code") for record in answers] == [None, "bad_command", None, "unknown_verb", None]


@pytest.mark.parametrize(
    ("typed", "code", "message"),
    [
        (b"\xff\xfe\x00garbage", "bad_command", "bytes outside ASCII"),
        (b"\x1b[A\x1b[B", "bad_command", "no verb; try: help"),
        (b"AT+GMR", "bad_command", "no verb; try: help"),
        (b"ping now", "bad_command", "key=value expected after the verb"),
        (b"open model=a model=b", "bad_command", "model given twice"),
        (b"ping #99999999999", "bad_command", "key=value expected"),
        (b"ping #4294967296", "bad_command", "id beyond 32 bits"),
        (b"pin", "unknown_verb", "pin; try: help"),
        (b"x" * 256, "bad_command", "line longer than 255 bytes"),
        (b"x" * 100_000, "bad_command", "line longer than 255 bytes"),
        (b"open", "bad_argument", "model is missing"),
        (b"open model=nosuch", "no_model", "nosuch is not in the model pack"),
        (b"open model=sine_int8 arena=15", "bad_argument", "arena: a number from 16"),
        (b"open model=sine_int8 arena=99999999999", "bad_argument", "arena: a number from"),
        (b"open model=sine_int8 arena=4294967295", "no_arena", "4294967295 bytes of arena wanted, 33554432 are free"),
        (b"invoke session=77 repeats=0", "no_session", "session 77 is not open"),
        (b"open model=sine_int8 arena=-1", "bad_argument", "arena: a number from"),
        (b"open model=sine_int8 arena=1e3", "bad_argument", "arena: a number from"),
        (b"open model=sine_int8 vars=257", "bad_argument", "vars: a number from 0 to 256"),
        (b"open model=sine_int8 preserve=2", "bad_argument", "preserve: a number from 0 to 1"),
        (b"invoke", "bad_argument", "session is missing"),
        (b"invoke session=77", "no_session", "session 77 is not open"),
        (b"invoke session=one", "bad_argument", "session: a number"),
        (b"input session=77 index=0 bytes=-4 crc=0", "bad_argument", "bytes: 0 to"),
        (b"input session=77 index=0 bytes=99999999999 crc=0", "bad_argument", "bytes: 0 to"),
    ],
)
def test_mistakes_are_answered_and_forgotten(terminal, typed, code, message):
    terminal.type(typed + b"\n")
    *before, error = terminal.answer()
    assert before == []
    assert (error["type"], error["code"]) == ("error", code)
    assert message in error["message"]


def test_an_echo_of_what_the_device_said_is_passed_over(terminal):
    """A terminal program that echoes, or a tty that does: an answer to an answer would never end."""
    terminal.type(b'\x1e{"n":1,"type":"reply"}\nping #9\n')
    assert terminal.answer()[-1]["id"] == 9


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


# --- records and log lines -------------------------------------------------------------------------------------------


def test_records_are_numbered_without_a_gap_and_repeat_id_and_verb(terminal):
    first = terminal.ask("ping")["n"]
    number = terminal.open()
    terminal.stage(number, b"\1")
    records = []
    for text in ("help #11", "models #11", f"invoke session={number} repeats=200 #11", "nosuch #11", "!! #11", "ping"):
        terminal.type(f"{text}\n")
        records += terminal.answer()
    assert all(record.get("id", 11) == 11 for record in records)
    assert [record["n"] for record in records] == list(range(records[0]["n"], records[0]["n"] + len(records)))
    assert records[0]["n"] > first
    assert "id" not in records[-1]
    assert records[0]["verb"] == "help"
    ticks = [record["ticks"] for record in records if "ticks" in record]
    assert [len(some) for some in ticks] == [64, 64, 64, 8]


def test_what_tflm_prints_stands_on_lines_of_its_own_before_the_error(terminal):
    terminal.type("open model=sine_int8 arena=800 #12\n")
    *log, error = terminal.answer()
    assert (error["code"], error["id"]) == ("allocate_failed", 12)
    assert log
    assert all(isinstance(line, bytes) and b"\x1e" not in line for line in log)
    assert any(line.startswith(b"Failed to ") and b"Requested: " in line for line in log)


def test_a_crash_of_tflm_is_an_error_record_and_ends_all_sessions(terminal):
    number = terminal.open()
    terminal.type("open model=sine_int8 arena=256 #13\n")
    error = terminal.answer()[-1]
    assert (error["type"], error["code"], error["message"], error["id"]) == ("error", "crashed", "SIGSEGV", 13)
    assert terminal.ask(f"reset session={number}")["code"] == "no_session"
    assert terminal.open() > number


def test_four_sessions_and_no_more(terminal):
    numbers = [terminal.open() for _ in range(4)]
    assert len(set(numbers)) == 4
    error = terminal.ask("open model=sine_int8 arena=1000")
    assert (error["code"], error["message"]) == ("too_many_sessions", "4 sessions are open")
    terminal.ask(f"close session={numbers[0]}")
    assert terminal.open() not in numbers


def test_the_arena_is_shared_by_all_sessions(terminal):
    terminal.ask("open model=sine_int8 arena=33000000")
    error = terminal.ask("open model=sine_int8 arena=1000000")
    assert (error["code"], error["message"]) == ("no_arena", "1000000 bytes of arena wanted, 554432 are free")


# --- payloads --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "crc", "message"),
    [
        (b"\1", "00000000", "CRC-32 00000000 announced, a505df1b came"),
        (b"\1\2", None, "input 0 has 1 bytes, 2 came"),
        (b"", None, "input 0 has 1 bytes, 0 came"),
        (b"\n", "00000000", "CRC-32 00000000 announced"),
    ],
)
def test_a_payload_that_is_not_what_was_announced(terminal, data, crc, message):
    number = terminal.open()
    error = terminal.stage(number, data, crc)
    assert (error["code"], message in error["message"]) == ("bad_payload", True)
    assert terminal.ask(f"invoke session={number}")["code"] == "missing_input"


@pytest.mark.parametrize("payload", [b"\nreboot\n", b"ping #1\n" * 2000, b"\x1e\x00\xff" * 1_000_000])
def test_the_payload_of_a_closed_session_is_swallowed(terminal, payload):
    number = terminal.open()
    terminal.ask(f"close session={number}")
    assert terminal.stage(number, payload)["code"] == "no_session"
    assert terminal.ask("ping #21")["id"] == 21


def test_a_payload_that_does_not_come_is_given_up(terminal):
    number = terminal.open()
    deadline = Deadline(1.5)
    error = terminal.stage(number, b"\1\2\3", announced=10)
    assert deadline.expired()
    assert (error["code"], error["message"]) == ("bad_payload", "7 of 10 bytes did not come within 2 s")
    assert terminal.stage(number, b"\1")["type"] == "reply"


@pytest.mark.parametrize(("crc", "code"), [("A505DF1B", "bad_argument"), ("0", "bad_argument"), (None, "reply")])
def test_a_crc_is_eight_lower_case_digits(terminal, crc, code):
    final = terminal.stage(terminal.open(), b"\1", crc)
    assert final.get("code", final["type"]) == code


def test_what_is_left_of_an_input_that_was_staged_before(terminal):
    number = terminal.open()
    terminal.stage(number, b"\1")
    # Refused before a byte of it was taken for the tensor's: the earlier one stays.
    assert terminal.stage(number, b"\1\2")["code"] == "bad_payload"
    assert terminal.ask(f"invoke session={number}")["type"] == "reply"
    # Its bytes came, and they are wrong.
    assert terminal.stage(number, b"\1", "00000000")["code"] == "bad_payload"
    assert terminal.ask(f"invoke session={number}")["code"] == "missing_input"
    terminal.stage(number, b"\1")
    assert terminal.stage(number, b"", announced=1)["code"] == "bad_payload"
    assert terminal.ask(f"invoke session={number}")["code"] == "missing_input"


def test_an_input_is_of_no_use_to_another_session(terminal):
    one, other = terminal.open(), terminal.open()
    terminal.stage(one, b"\1")
    assert terminal.ask(f"invoke session={one}")["type"] == "reply"
    assert terminal.ask(f"invoke session={other}")["code"] == "missing_input"
    assert terminal.ask(f"output session={other} index=0")["code"] == "not_invoked"
    assert terminal.ask(f"output session={one} index=1")["code"] == "bad_argument"


# --- beginning and end -----------------------------------------------------------------------------------------------


def test_reboot_says_goodbye_and_ends(own):
    own.open()
    [child] = children(own.process.pid)
    # Two tensors and the reply to `open` came before.
    assert own.ask("reboot #1") == {"n": 3, "type": "reply", "id": 1, "verb": "reboot"}
    own.port.close()
    assert own.process.wait(10) == 0
    assert is_gone(child)


@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_with_its_standard_input(own, busy):
    number = own.open()
    [child] = children(own.process.pid)
    if busy:
        own.stage(number, b"\1")
        own.type(f"invoke session={number} repeats=100000 warmup=100000\n")
    own.process.stdin.close()
    assert own.process.wait(10) == 0
    assert is_gone(child)


def test_a_terminal_that_comes_and_goes_changes_nothing(own):
    number = own.open()
    own._selector.close()
    own.port.close()
    own.port = serial.Serial(own.pty, timeout=0)
    own._selector = selectors.DefaultSelector()
    own._selector.register(own.port.fileno(), selectors.EVENT_READ)
    assert own.stage(number, b"\1")["type"] == "reply"
