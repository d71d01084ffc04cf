"""Lines to a device: what is a command, and what becomes of the rest."""

import pytest

VERBS = ["identify", "models", "open", "input", "invoke", "output", "reset", "close", "ping"]
VERBS += ["pause", "relink", "work", "log", "clock", "reboot", "help"]


def test_help_lists_every_verb(terminal):
    terminal.type("help\n")
    *lines, final = terminal.answer()
    assert final["type"] == "reply"
    listed = [record["text"].split()[0] for record in lines]
    assert [verb for verb in listed if verb in VERBS] == VERBS
    for verb in VERBS:
        if verb not in ("reboot", "relink"):
            assert terminal.ask(verb).get("code") != "unknown_verb"


@pytest.mark.parametrize("ending", ["\n", "\r\n", "  \n", "\t\r\n", "\n\n\n", "\r\n\r\n"])
def test_every_terminals_line_ending(terminal, ending):
    terminal.type(f"ping #5{ending}")
    assert terminal.answer()[-1]["id"] == 5


@pytest.mark.parametrize(
    ("typed", "answered"),
    [
        ("  ping", None),
        ("\tping\t #7", 7),
        ("ping   unknown=x  #0", 0),
        ("ping #4294967295", 2**32 - 1),
        ("ping #0000000012", 12),
        (f"ping key={'~' * 64} #8", 8),
        (f"ping {'k' * 16}=! #9", 9),
        (f"ping a==b=c,#1 #{10}", 10),
        ("ping" + " " * 249 + "#1", 1),
        ("ping" + " " * 248 + "#1\r", 1),
    ],
)
def test_what_the_grammar_allows(terminal, typed, answered):
    terminal.type(f"{typed}\n")
    final = terminal.answer()[-1]
    assert final["type"] == "reply"
    assert final.get("id", answered) == answered


def test_as_many_arguments_as_fit_a_line(terminal):
    arguments = " ".join(f"{letter}=1" for letter in "abcdefghijklmnopqrstuvwxyz")
    more = " ".join(f"{first}{second}=1" for first in "abcd" for second in "abcdefg")
    line = f"ping {arguments} {more} #3"
    assert len(line) <= 255
    terminal.type(f"{line}\n")
    assert terminal.answer()[-1]["id"] == 3


def test_a_command_that_is_typed_slowly_letter_by_letter(terminal):
    for letter in "ping #6\n":
        terminal.type(letter)
    assert terminal.answer()[-1]["id"] == 6


def test_commands_typed_ahead_are_answered_in_order(terminal):
    terminal.type("ping #1\nbad verb\nping #2\nnosuch #3\nping #4\n")
    answers = [terminal.answer()[-1] for _ in range(5)]
    assert [record.get("id") for record in answers] == [1, None, 2, 3, 4]
    assert [record.get("code") for record in answers] == [None, "bad_command", None, "unknown_verb", None]


def test_more_commands_typed_ahead_than_a_line_holds(terminal):
    for first in range(0, 1000, 50):
        wanted = range(first, first + 50)
        terminal.type("".join(f"ping #{number}\n" for number in wanted))
        assert [terminal.answer()[-1]["id"] for _ in wanted] == list(wanted)


NO_COMMANDS = [
    b"\xff\xfe\x00garbage",
    b"\x00",
    b"ping\x00",
    b"ping\x7f",
    b"ping \xc3\xa4=1",
    b"ping a=\x01",
    b"\x1b[A\x1b[B",
    b"AT+GMR",
    b"PING",
    b"ping now",
    b"ping =1",
    b"ping a=",
    b"ping A=1",
    b"ping 1=1",
    b"ping _a=1",
    b"_ping",
    b"p1ng",
    b"#1",
    b"open model=a model=b",
    b"ping #",
    b"ping #1x",
    b"ping #-1",
    b"ping #1 #2",
    b"ping #1 a=1",
    b"ping #99999999999",
    b"ping #00000000001",
    b"ping #4294967296",
    b"ping\r#1",
    b"ping\r\r",
    b"p" * 17,
    b"ping %b=1" % (b"k" * 17),
    b"ping key=%b" % (b"v" * 65),
    b"x" * 255,
    b"x" * 256,
    b"ping" + b" " * 252,
    b" " * 256,
    b"x" * 100_000,
]


@pytest.mark.parametrize("typed", NO_COMMANDS, ids=lambda typed: f"{typed[:20]!r}x{len(typed)}")
def test_a_line_that_is_no_command_gets_one_answer_without_id(terminal, typed):
    terminal.type(typed + b"\nping #77\n")
    *before, error = terminal.answer()
    assert before == []
    assert set(error) == {"n", "type", "code", "message"}
    assert (error["type"], error["code"]) == ("error", "bad_command")
    assert terminal.answer()[-1]["id"] == 77


@pytest.mark.parametrize(
    ("typed", "code", "message"),
    [
        ("pin", "unknown_verb", "try: help"),
        ("ping_", "unknown_verb", "try: help"),
        ("open", "bad_argument", "model is missing"),
        ("open model=nosuch", "no_model", "nosuch is not in the model pack"),
        (f"open model={'n' * 64}", "no_model", " is not in the model pack"),
        ("open model=SMALL", "no_model", "SMALL is not in the model pack"),
        ("open model=small arena=15", "bad_argument", "arena: a number from 16"),
        ("open model=small arena=99999999999", "bad_argument", "arena: a number from"),
        ("open model=small arena=4294967296", "bad_argument", "arena: a number from"),
        ("open model=small arena=4294967295", "no_arena", "4294967295 bytes of arena wanted, "),
        ("open model=small arena=-1", "bad_argument", "arena: a number from"),
        ("open model=small arena=1e3", "bad_argument", "arena: a number from"),
        ("open model=small arena=0x100", "bad_argument", "arena: a number from"),
        ("open model=small arena=10000 vars=257", "bad_argument", "vars: a number from 0 to 256"),
        ("open model=small arena=10000 preserve=2", "bad_argument", "preserve: a number from 0 to 1"),
        ("open model=small arena=10000 categories=2", "bad_argument", "categories: a number from 0 to 1"),
        ("invoke", "bad_argument", "session is missing"),
        ("invoke session=77", "no_session", "session 77 is not open"),
        ("invoke session=77 repeats=0", "no_session", "session 77 is not open"),
        ("invoke session=one", "bad_argument", "session: a number"),
        ("invoke session=4294967295", "no_session", "session 4294967295 is not open"),
        ("invoke session=4294967296", "bad_argument", "session: a number"),
        ("output", "bad_argument", "session is missing"),
        ("output session=77 index=0", "no_session", "session 77 is not open"),
        ("reset", "bad_argument", "session is missing"),
        ("reset session=77", "no_session", "session 77 is not open"),
        ("close", "bad_argument", "session is missing"),
        ("close session=77", "no_session", "session 77 is not open"),
        ("input", "bad_argument", "session is missing"),
        ("input session=77 index=0 crc=00000000", "no_session", "session 77 is not open"),
        ("input session=77 index=0 bytes=-4 crc=0", "bad_argument", "bytes: "),
        ("input session=77 index=0 bytes=99999999999 crc=0", "bad_argument", "bytes: "),
        ("input session=77 index=0 bytes=16777217 crc=0", "bad_argument", "bytes: "),
    ],
)
def test_a_mistake_is_answered_and_forgotten(terminal, typed, code, message):
    terminal.type(f"{typed} #31\n")
    *before, error = terminal.answer()
    assert before == []
    assert (error["type"], error["code"], error["id"]) == ("error", code, 31)
    assert error["verb"] == typed.split()[0]
    assert message in error["message"]
    assert len(error["message"]) <= 200 and error["message"].isascii() and error["message"].isprintable()


def test_out_of_the_range_of_an_open_session(terminal, target):
    number = terminal.open()
    terminal.stage(number, b"\1")
    for wrong in (
        "repeats=0",
        f"repeats={target.repeats + 1}",
        "warmup=100001",
        "profile=2",
        "repeats=",
        "repeats=1.0",
    ):
        error = terminal.ask(f"invoke session={number} {wrong}")
        assert error["code"] == ("bad_command" if wrong.endswith("=") else "bad_argument"), wrong
    for wrong in ("index=9", "index=4294967295", "index=-1", ""):
        assert terminal.ask(f"output session={number} {wrong}")["code"] == "bad_argument", wrong


@pytest.mark.parametrize(
    "echo",
    [
        b'\x1e{"n":1,"type":"reply"}',
        b'a log line that was cut\x1e{"n":1}',
        b"\x1e",
        b"ping #1\x1e",
        b'\x1e{"b64":"' + b"A" * 4000 + b'"}',
        b"x" * 254 + b"\x1e",
        b"x" * 255 + b"\x1e",
        b"x" * 9000 + b"\x1e" + b"y" * 9000,
    ],
    ids=range(8),
)
def test_an_echo_of_what_the_device_said_is_passed_over(terminal, echo):
    """A terminal program that echoes, or a tty that does: an answer to an answer would never end."""
    terminal.type(echo + b"\nping #9\n")
    [final] = terminal.answer()
    assert final["id"] == 9


@pytest.mark.parametrize("pieces", [(b" " * 300, b"reboot\n"), (b" " * 200, b" " * 200, b" ", b"reboot", b"\n")])
def test_the_end_of_an_over_long_line_is_not_obeyed(terminal, pieces):
    for piece in pieces:
        terminal.type(piece)
    terminal.type("ping #8\n")
    assert terminal.answer()[-1]["code"] == "bad_command"
    assert terminal.answer()[-1]["id"] == 8
