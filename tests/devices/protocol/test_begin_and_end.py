"""A device from its first byte to its last."""

import serial

from tests.support.terminal import Terminal


def test_the_device_is_silent_until_it_is_spoken_to(fresh):
    assert fresh.line(0.3) is None
    assert fresh.ask("ping") == {"n": 0, "type": "reply", "verb": "ping"}
    assert fresh.line(0.1) is None


def test_garbage_of_the_ports_opening_costs_one_answer_at_most(fresh):
    fresh.type(b"\xff\x00\x80~~~ #1\nping #2\n")
    assert fresh.answer()[-1]["code"] == "bad_command"
    assert fresh.answer()[-1] == {"n": 1, "type": "reply", "id": 2, "verb": "ping"}


def test_reboot_says_goodbye_completely_and_the_port_goes(fresh, target):
    number = fresh.open()
    before = fresh.ask("ping")["n"]
    assert fresh.ask("reboot #1") == {"n": before + 1, "type": "reply", "id": 1, "verb": "reboot"}
    assert fresh.hangs_up()
    again = target.after_reboot()
    assert again.ask("ping") == {"n": 0, "type": "reply", "verb": "ping"}
    assert again.ask(f"close session={number}")["code"] == "no_session"
    assert again.ask("identify")["crash"] is None


def test_what_is_typed_after_reboot_is_not_obeyed(fresh, target):
    fresh.type("reboot #1\nping #2\n")
    assert fresh.answer()[-1]["id"] == 1
    assert fresh.hangs_up()
    assert target.after_reboot().ask("ping #3") == {"n": 0, "type": "reply", "id": 3, "verb": "ping"}


def test_a_terminal_that_comes_and_goes_changes_nothing(fresh, target):
    number = fresh.open()
    last = fresh.ask("ping")["n"]
    target.hang_up()
    again = target.terminal
    assert again.stage(number, b"\1")["n"] == last + 1
    assert again.ask(f"invoke session={number}")["type"] == "reply"


def test_any_speed_but_1200_will_do(fresh, target):
    for speed in (9600, 115200, 921600):
        target.hang_up()
        terminal = Terminal(target.port())
        terminal.port.baudrate = speed
        assert terminal.ask(f"ping #{speed}")["id"] == speed
        terminal.close()


def test_half_a_command_is_ended_by_an_empty_line(fresh, target):
    fresh.type("ping #1 and a terminal that is closed here")
    target.hang_up()
    again = Terminal(target.port())
    again.type("\nping #2\n")
    answers = [item for item in again.answer() if "id" in item] or [again.answer()[-1]]
    assert answers[0]["id"] == 2
    again.close()


def test_a_port_that_somebody_has_open_is_not_refused_by_the_kernel_alone(target):
    """Two readers would take each other's bytes; the harness asks for exclusive use, and so may a person."""
    target.hang_up()
    with serial.Serial(target.port(), exclusive=True) as port:
        port.write(b"ping #5\n")
        assert b'"id":5' in port.readline()
