"""The loopback firmware's link: who it is, what it says, and what becomes of it when nobody listens."""

import json
import re
import time

import pytest

from harness.boards.emulator.flash_file import FlashFile
from harness.flash.layout import FLASH_ADDRESS, PACK_ADDRESS
from harness.flash.pack import CAPACITY, ModelPack, packed_size
from tests.devices.steps import echo, line, log_lines, notice, open_model
from tests.support.loopback_model import loopback_model
from tests.support.terminal import Terminal

MODELS = [("echo", loopback_model(64)), ("other", loopback_model(8))]
EMPTY_PACK_CRC = "ac97f85e"
_NOTE = re.compile(rb"\(([0-9]+) log lines were dropped here\)")


# --- who it is -------------------------------------------------------------------------------------------------------


def test_it_says_who_it_is(board, loopback):
    identity = board.connect().identify()
    assert (identity.engine, identity.board, identity.chip) == ("loopback", "pico", "RP2040")
    assert (identity.clock_hz, identity.pointer_bits) == (125_000_000, 32)
    assert identity.build == loopback.build
    assert re.fullmatch("[0-9A-F]{16}", identity.serial)
    assert identity.serial == board.serial
    assert identity.pack_crc == f"{ModelPack(MODELS).crc:08x}"
    assert identity.arena_max >= 200 * 1024
    assert {"profile", "test_verbs"} <= set(identity.features)
    assert identity.crash is None


def test_the_pack_is_what_was_flashed(client):
    assert [(model.name, model.bytes) for model in client.models()] == [("echo", 16), ("other", 16)]


def damage(path, offset, data):
    """Writes to the pack in a board's flash."""
    file = FlashFile(path)
    flash = bytearray(file.read())
    start = PACK_ADDRESS - FLASH_ADDRESS + offset
    flash[start : start + len(data)] = data
    file.write(bytes(flash))


@pytest.mark.parametrize(
    ("offset", "data"),
    [(0, b"\xff" * 4096), (0, b"X"), (8, b"\2"), (12, b"\xff\xff\xff\xff"), (16, b"\xff\xff\xff\x7f"), (130, b"\xee")],
    ids=["erased", "magic", "version", "count", "size", "model"],
)
def test_a_damaged_pack_is_an_empty_one_and_the_board_can_be_flashed(own_boards, tmp_path, offset, data):
    own_boards(models=MODELS).close()
    damage(tmp_path / "emulator-0.flash", offset, data)
    board = own_boards(models=None)
    client = board.connect()
    assert client.identify().pack_crc == EMPTY_PACK_CRC
    assert client.models() == []
    assert any("the flash is taken for empty: " in str(told) for told in client.log.newest(20))
    board.flash(board.image(ModelPack(MODELS)))
    assert len(board.connect().models()) == 2


def test_a_pack_that_fills_the_flash(own_boards):
    small = [(f"model-{number:02d}", loopback_model(6)) for number in range(62)]
    filler = ("filler", b"\xa5" * (CAPACITY - packed_size([16] * 63 + [0])))
    client = own_boards(models=[*small, filler, ("last", loopback_model(7))]).connect()
    assert len(client.models()) == 64
    assert client.identify().pack_crc != EMPTY_PACK_CRC
    assert echo(client, open_model(client, "last"), b"last of") == b"last of"


# --- what it prints --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [12, 63, 64, 65, 66, 128, 255])
def test_log_lines_arrive_complete_and_in_order(board, size):
    terminal = Terminal(board.port())
    terminal.type(f"log lines=700 bytes={size} #1\n")
    *lines, final = terminal.answer()
    assert lines == [line(number, size) for number in range(700)]
    assert final["type"] == "reply"
    terminal.close()


def sleep_through(terminal, typed, seconds):
    """Has the device talk to a host that does not read, and returns all lines that come when it reads again.

    Not to read is what is tested here: half a second of the device's time, and somewhat more.
    """
    terminal.type(typed)
    time.sleep(seconds)
    lines = []
    # What a device says while it takes its host for asleep is dropped, so it is left in peace until it has woken up.
    while (text := terminal.line(1.0)) is not None:
        lines.append(text)
    # What was dropped last is told of before the next thing that is said.
    for number in range(77, 87):
        terminal.type(f"ping #{number}\n")
        while (text := terminal.line(10)) is not None:
            lines.append(text)
            if b'"id":%d,' % number in text:
                return lines
    raise AssertionError("the device fell silent")


def some_are_dropped(board, typed):
    """The same with a terminal of its own, for as long as it takes until something was dropped."""
    for attempt in range(4):
        terminal = Terminal(board.port())
        before = terminal.ask("ping")["n"]
        lines = sleep_through(terminal, typed, 1.5 * 2**attempt)
        last = json.loads(lines[-1][1:])["n"]
        assert terminal.ask("ping")["n"] == last + 1
        terminal.close()
        if sum(text.startswith(b"\x1e") for text in lines) < last - before:
            return before, lines
    raise AssertionError("nothing was ever dropped")


def test_of_lines_that_nobody_reads_each_is_counted(board):
    before, lines = some_are_dropped(board, "log lines=5000 bytes=100 #5\n")
    expected = came = 0
    for text in lines[:-1]:
        if (note := _NOTE.fullmatch(text)) is not None:
            expected += int(note[1])
        elif text == line(expected, 100):
            expected += 1
            came += 1
        else:
            # The line that was on its way as the host fell asleep is ended, and counts as dropped.
            assert text and line(expected, 100).startswith(text), text
    assert expected == 5000
    assert 0 < came < 5000
    # The answer to `log` was dropped too, and its number shows it.
    assert json.loads(lines[-1][1:])["n"] == before + 2
    client = board.connect()
    client.identify()
    assert echo(client, open_model(client, "echo"), b"x" * 64) == b"x" * 64


def test_lines_of_several_commands_are_counted_together(board):
    _, lines = some_are_dropped(board, "log lines=3000 bytes=100 #5\nlog lines=2000 bytes=100 #6\n")
    came = sum(len(text) == 99 for text in lines)
    notes = [int(note[1]) for note in map(_NOTE.fullmatch, lines) if note is not None]
    assert notes and came + sum(notes) == 5000


def test_a_dropped_record_shows_by_its_number(board):
    # Much more to say than all buffers on the way hold.
    before, lines = some_are_dropped(board, "help #1\n" * 150)
    numbers, torn = [], 0
    for text in lines:
        assert text[:1] == b"\x1e" and text.count(b"\x1e") == 1, "half a record, and something else goes on with it"
        try:
            numbers.append(json.loads(text[1:])["n"])
        except ValueError:
            # The record that was on its way as the host fell asleep: ended, and given up.
            torn += 1
    assert torn <= 1
    assert numbers == sorted(set(numbers))
    assert numbers[0] == before + 1


# --- one after the other ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["log lines=2000 bytes=100", "help", "models", "identify"])
def test_a_new_client_sees_nothing_of_the_old_one(board, said):
    """But for a packet that lies ready to be fetched: the device cannot take it back, and ends it with a line feed."""
    for _ in range(5):
        old = Terminal(board.port())
        old.type(f"{said} #5\n" * 20)
        assert old.line() is not None
        old.close()
        notice(board)
        new = Terminal(board.port())
        new.type("\nping #8\n")
        came = b""
        while (text := new.line()) is not None and b'"id":8' not in text:
            came += text + b"\n"
        assert text is not None
        assert len(came) <= 64 + 1
        new.close()


@pytest.mark.parametrize("said", ["log lines=2000 bytes=100", "help", "models", "identify"])
def test_a_new_client_works_whatever_the_old_one_left(board, said):
    for _ in range(10):
        old = Terminal(board.port())
        old.type(f"{said} #5\n" * 20)
        assert old.line() is not None
        old.close()
        notice(board)
        client = board.connect()
        assert client.identify().serial == board.serial
        client.ping()
        client.close()
        notice(board)


def test_an_input_that_the_old_client_left_half_swallows_no_command_of_the_new_one(board):
    old = Terminal(board.port())
    session = old.open("echo")
    old.type(f"input session={session} index=0 bytes=64 crc=00000000\nhalf of it")
    old.close()
    notice(board)
    new = Terminal(board.port())
    new.type("\nping #8\n")
    answers = [new.answer()[-1]]
    while answers[-1].get("id") != 8:
        answers.append(new.answer()[-1])
    assert all(answer.get("code", "") in ("", "bad_command", "bad_payload") for answer in answers)
    assert new.ask(f"invoke session={session}")["code"] == "missing_input"
    new.close()


def test_clients_come_and_go(board):
    number = 0
    for _ in range(20):
        client = board.connect()
        client.identify()
        client.ping()
        number += 2
        client.close()
    client = board.connect()
    log_lines(client, 10, 80)
    assert client.request("ping").final["n"] == number + 1
