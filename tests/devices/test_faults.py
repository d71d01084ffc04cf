"""Every way to break the loopback firmware: the harness hears of it soon, and the firmware tells of it, once."""

import pytest

from harness.bench import Bench
from harness.errors import DeviceCrashed, DeviceError, LinkLost
from harness.models.library import ModelLibrary
from tests.devices.steps import SECONDS, count_of, echo, fault, function_at, invoke, open_model
from tests.support.loopback_model import loopback_model
from tests.support.terminal import Terminal

MODELS = [("echo", loopback_model(64)), ("slow", loopback_model(4, 250_000_000))]
STACK_BYTES = 8192

# kind, reason, part of the detail, function of the pc or of a caller
FAULTS = [
    ("hardfault", "HardFault", "", "ReadNowhere"),
    ("undefined", "HardFault", "", "Fault"),
    ("panic", "panic", "panic number 42", "Fault"),
    ("assert", "assertion failed", "assertion.cpp:7: 1 + 1 == 3", "Fault"),
    ("abort", "abort", "", "Fault"),
    # Without the emulated chip's MPU, which is not modelled, it is found as the recursion has returned.
    ("stack", "stack overflow", "", "Fault"),
    ("hang", "watchdog", "no sign of life for 6 s", "Hang"),
]
IDS = [kind for kind, *_ in FAULTS]


@pytest.mark.parametrize(("kind", "reason", "detail", "function"), FAULTS, ids=IDS)
def test_a_fault_is_told_with_its_place(board, client, kind, reason, detail, function):
    _, identity = fault(board, client, kind)
    crash = identity.crash
    assert crash is not None
    assert crash.reason == reason
    assert detail in crash.detail
    assert crash.command.startswith(f"fault kind={kind} #")
    assert crash.op == ""
    assert {"sp", "pc"} <= set(crash.registers)
    callers = [function_at(board, address, is_return=True) for address in crash.backtrace]
    where = function_at(board, crash.registers["pc"])
    assert function in [where, *callers[:3]], [where, *callers]
    if kind in ("hardfault", "undefined", "hang"):
        assert where == function
        assert crash.registers["xpsr"] & 0x1FF == 0, "not in an interrupt"
    assert crash.stack_left is not None
    assert (crash.stack_left == 0) if kind == "stack" else (0 < crash.stack_left < STACK_BYTES)


@pytest.mark.parametrize("kind", [*IDS[:-1], "half_record"])
def test_a_crash_is_told_once_and_the_board_works_again(board, client, kind):
    open_model(client, "echo")
    again, identity = fault(board, client, kind)
    assert identity.crash is not None
    assert again.identify().crash is None
    # It has started anew: no session of before, and room for four.
    with pytest.raises(DeviceError, match="no_session"):
        again.reset(1)
    for _ in range(4):
        assert echo(again, open_model(again, "echo"), b"z" * 64) == b"z" * 64
    board.recover()
    assert board.connect().identify().crash is None


def test_a_hang_without_interrupts_is_ended_by_the_hardware(board, client):
    _, identity = fault(board, client, "hang_without_interrupts")
    crash = identity.crash
    assert (crash.reason, crash.detail) == ("watchdog", "interrupts were off")
    assert crash.command.startswith("fault kind=hang_without_interrupts #")
    assert 0 < crash.stack_left < STACK_BYTES


def test_half_a_record_before_the_crash_is_survived(board, client):
    client, identity = fault(board, client, "half_record")
    assert identity.crash.reason == "HardFault"
    assert function_at(board, identity.crash.registers["pc"]) == "ReadNowhere"
    client.ping()


def test_a_crash_between_commands_of_which_none_is_running(board):
    """The line is the last thing that a terminal says before it goes; the crash waits for whoever asks."""
    terminal = Terminal(board.port())
    terminal.type("fault kind=panic\n")
    assert terminal.hangs_up()
    terminal.close()
    for _ in range(2):
        client = board.connect()
        client.ping()
    crash = client.identify().crash
    assert (crash.reason, crash.command) == ("panic", "fault kind=panic")


def test_a_crash_record_does_not_outlive_the_power(board, client):
    with pytest.raises(LinkLost):
        client.request("fault", {"kind": "panic"}, seconds=SECONDS)
    board.power_cycle()
    assert board.connect().identify().crash is None


def test_a_crash_record_outlives_resets_until_it_is_told(board, client):
    with pytest.raises(LinkLost):
        client.request("fault", {"kind": "panic"}, seconds=SECONDS)
    crash = board.connect().identify().crash
    assert crash.reason == "panic"
    board.recover()
    assert board.connect().identify().crash is None


def test_the_last_of_several_crashes_is_told(board, client):
    for kind in ("panic", "abort"):
        with pytest.raises(LinkLost):
            client.request("fault", {"kind": kind}, seconds=SECONDS)
        client = board.connect()
    assert client.identify().crash.reason == "abort"
    assert client.identify().crash is None


def test_a_crash_within_sessions_names_the_command_and_loses_them(board, client):
    session = open_model(client, "echo")
    echo(client, session, b"1" * 64)
    client, identity = fault(board, client, "assert")
    assert identity.crash.command.startswith("fault kind=assert #")
    session = open_model(client, "echo")
    echo(client, session, b"2" * 64)
    assert count_of(client, session) == 1


def test_an_unknown_fault_breaks_nothing(client):
    with pytest.raises(DeviceError, match="bad_argument"):
        client.request("fault", {"kind": "nosuch"})
    client.ping()


def test_a_slow_model_is_no_hung_one(client):
    session = open_model(client, "slow")
    client.write_input(session, 0, b"data")
    assert invoke(client, session)[0] >= 250_000_000
    assert client.identify().crash is None


# --- through the bench -----------------------------------------------------------------------------------------------


def test_a_test_is_told_function_file_and_line(board, monkeypatch):
    # The board is the module's, and stays.
    monkeypatch.setattr(board, "close", lambda: None)
    bench = Bench(board, ModelLibrary([]), flash="never")
    words = r"HardFault in tflm_hil::\(anonymous namespace\)::ReadNowhere \(.*test_verbs\.cpp:[0-9]+\)"
    with pytest.raises(DeviceCrashed, match=words) as caught:
        bench.call(lambda client: client.request("fault", {"kind": "hardfault"}, seconds=SECONDS))
    assert "not all addresses have names" not in str(caught.value)
    assert any("::Fault (" in frame for frame in caught.value.backtrace)
    assert any("Commands::Handle" in frame for frame in caught.value.backtrace)
    bench.ensure_ready()
    bench.client.ping()
    assert bench.notices == []
    bench.close()
