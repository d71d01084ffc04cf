"""A device that dies in the middle of a command: what its test is told, and what the next one finds."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from harness.bench import Bench
from harness.boards.host import board as host_board
from harness.boards.host.board import HostBoard
from harness.errors import (
    ArenaTooSmall,
    BoardNotFound,
    DeviceCrashed,
    LinkLost,
    ProtocolError,
    SessionClosed,
    WrongEngine,
)
from harness.flash.firmware import Firmware
from harness.flash.uf2 import RP2040, Uf2
from harness.models.library import ModelLibrary
from tests.integration.conftest import MODELS, ROOT
from tests.support import arm_elf

ONE = np.ones((1, 1), np.float32)
CRASH = {
    "reason": "HardFault",
    "command": "what the device thinks #9",
    "op": "FULLY_CONNECTED",
    "detail": "unaligned access",
    "stack_left": 52,
    "registers": {"r0": 7, "sp": 0x20041F00, "lr": 0x10000009, "pc": 0x10000024, "xpsr": 0x61000000},
    "backtrace": [0x1000000B, 0xFFFFFFFF],
}


@pytest.fixture
def faulty(tmp_path, monkeypatch):
    """Makes benches on a host board with a fault."""
    benches = []

    def make(fault, crash=CRASH):
        command = (sys.executable, "-m", "tests.support.faulty_device", fault)
        monkeypatch.setattr(host_board, "DEVICE_COMMAND", command)
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.setenv("FAULTY_DEVICE_CRASH", json.dumps(crash))
        bench = Bench(HostBoard(tmp_path / "boards"), ModelLibrary([MODELS]))
        benches.append(bench)
        return bench

    yield make
    for bench in benches:
        bench.close()


def crash_of(bench, **options):
    bench.prepare(map(bench.library.find, ("accumulator", "sine_int8")))
    session = bench.open("accumulator", arena=8192)
    bystander = bench.open("sine_int8", arena=8192)
    with pytest.raises(DeviceCrashed) as caught:
        session.invoke(ONE, **options)
    for lost in (session, bystander):
        with pytest.raises(SessionClosed, match="the device crashed"):
            lost.reset()
    return caught.value


def test_the_crash_is_told_with_all_that_the_device_knows(faulty):
    bench = faulty("crash")
    error = crash_of(bench)
    lines = str(error).splitlines()
    assert lines[0].startswith("an answer to `invoke session=1 repeats=1 #")
    assert lines[0].endswith("` expected, the device crashed: HardFault")
    assert lines[1:4] == ["  operator: FULLY_CONNECTED", "  unaligned access", "  stack: 52 bytes were never used"]
    assert lines[4].startswith("on host host-0 (")
    assert lines[5] == "  r0   0x00000007   sp   0x20041f00   lr   0x10000009   pc   0x10000024"
    assert lines[6:8] == ["  xpsr 0x61000000", "  at pc   0x10000024"]
    assert lines[8:11] == ["  at lr   0x10000009", "  at #0   0x1000000b", "  at #1   0xffffffff"]
    assert lines[11] == "not all addresses have names: no firmware file is known for this board"
    assert lines[-1].startswith("what to do: a too-small arena is the usual cause")
    assert error.registers == CRASH["registers"]
    assert (error.reason, error.op, error.stack_left) == ("HardFault", "FULLY_CONNECTED", 52)


def test_the_board_is_ready_at_once_and_the_crash_is_told_once(faulty):
    bench = faulty("crash")
    crash_of(bench)
    process, client = bench.board._process, bench.client
    bench.ensure_ready()
    assert bench.client is client is not None, "connected once more although it was ready"
    assert bench.unanswered is None
    with bench.open("accumulator") as session:
        assert session.open
    assert bench.board._process is process, "restarted although it was ready"
    assert bench.client.identify().crash is None
    assert bench.notices == []


def test_addresses_get_function_file_and_line(faulty, tmp_path):
    reason = arm_elf.why_not()
    if reason is not None:
        pytest.skip(reason)
    elf = arm_elf.build(tmp_path)
    names = arm_elf.addresses(elf)
    inner, outer = names["bench::(anonymous namespace)::inner(int)"], names["bench::Box<int>::outer(int)"]
    registers = {"pc": inner + 1, "lr": 0xFFFFFFF9}
    # Where the call of inner, four bytes long, returns to: push, call, add.
    bench = faulty("crash", {"reason": "HardFault", "registers": registers, "backtrace": [outer + 6 + 1]})
    uf2 = Uf2(RP2040, ((0x10000000, b"x"),))
    bench.board.firmware = Firmware(elf.with_suffix(".uf2"), elf, bench.identity.build, uf2)
    error = crash_of(bench)
    assert error.where == "bench::(anonymous namespace)::inner (tiny.cpp:5)"
    assert str(error).splitlines()[0].endswith("HardFault in bench::(anonymous namespace)::inner (tiny.cpp:5)")
    assert error.backtrace == (
        f"pc   {inner + 1:#010x} bench::(anonymous namespace)::inner (tiny.cpp:5)",
        f"#0   {outer + 7:#010x} bench::Box<...>::outer (tiny.cpp:10)",
    )
    assert "not all addresses" not in str(error)


def test_a_firmware_file_of_another_build_names_nothing(faulty, tmp_path):
    bench = faulty("crash")
    bench.board.firmware = Firmware(Path("f.uf2"), None, "0123", Uf2(RP2040, ((0x10000000, b"x"),)), "no file")
    assert f"f.uf2 is build 0123, the board runs {bench.identity.build}" in str(crash_of(bench))


def test_a_crash_behind_a_port_that_stays_is_found_after_the_timeout(faulty):
    bench = faulty("crash-quietly")
    begin = time.monotonic()
    error = crash_of(bench, timeout=2)
    assert error.reason == "HardFault"
    assert time.monotonic() - begin < 20
    with bench.open("accumulator"):
        assert bench.unanswered is None


def test_without_a_record_the_link_was_lost_and_no_more_is_claimed(faulty):
    bench = faulty("restart")
    session = bench.open("accumulator")
    with pytest.raises(LinkLost, match="hung up.*; the board came back without a crash record"):
        session.invoke(ONE)
    with pytest.raises(ProtocolError, match="was left without its answer"):
        session.invoke(ONE)
    bench.ensure_ready()
    with bench.open("accumulator") as again:
        assert again.open


def test_a_board_that_does_not_come_back(faulty, monkeypatch):
    bench = faulty("crash")
    session = bench.open("accumulator")

    asked = []

    def gone():
        asked.append(1)
        raise BoardNotFound("no such port")

    monkeypatch.setattr(bench.board, "connect", gone)
    with pytest.raises(LinkLost, match="; the board did not come back: no such port"):
        session.invoke(ONE)
    with pytest.raises(ProtocolError, match="was left without its answer"):
        session.invoke(ONE)
    assert len(asked) == 1, "a test that goes on is not made to wait again"


def test_a_port_that_goes_once_more_is_waited_for(faulty, monkeypatch):
    """It was opened in the moment before the restart took it away."""
    bench = faulty("crash")
    session = bench.open("accumulator")
    connect = bench.board.connect
    opened = []

    def too_early():
        client = connect()
        opened.append(client)
        if len(opened) == 1:
            bench.board._process.kill()
            bench.board._process.wait(10)
        return client

    monkeypatch.setattr(bench.board, "connect", too_early)
    with pytest.raises(DeviceCrashed):
        session.invoke(ONE)
    assert len(opened) == 2
    assert bench.client is opened[1]


@pytest.mark.parametrize(
    "crash",
    [{"reason": "\x1b[31mred"}, {"reason": "x" * 201}, {"reason": "x", "registers": {"pc": 2**32}}, {}, "text"],
    ids=["escape", "long", "register", "no reason", "text"],
)
def test_a_crash_record_that_breaks_the_protocol_is_not_shown(faulty, crash):
    bench = faulty("crash", crash)
    session = bench.open("accumulator")
    with pytest.raises(LinkLost, match="; the board came back, and what it tells cannot be read: record") as caught:
        session.invoke(ONE)
    assert "\x1b" not in str(caught.value)
    bench.ensure_ready()
    with bench.open("accumulator") as again:
        assert again.open


def test_the_last_lines_are_those_of_the_command_that_crashed(faulty):
    bench = faulty("crash-quietly")
    session = bench.open("accumulator", arena=8192)
    with pytest.raises(ArenaTooSmall):
        bench.open("accumulator", arena=1000)
    assert len(bench.client.log.newest(9)) > 1
    with pytest.raises(DeviceCrashed) as caught:
        session.invoke(ONE, timeout=2)
    assert caught.value.log == ("about to crash",)


# --- in a run of pytest ----------------------------------------------------------------------------------------------

TWO_TESTS = """
    import numpy as np

    def test_crashes(open_model):
        open_model("accumulator", arena=8192).invoke(np.ones((1, 1), np.float32))

    def test_after(open_model):
        assert open_model("accumulator", arena=8192).arena.used
    """


def test_a_crash_fails_its_own_test_and_the_next_finds_a_board(project, run):
    project.makepyfile(TWO_TESTS)
    result = run("-v", fault="crash")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*::test_crashes FAILED*", "*::test_after PASSED*", "E*DeviceCrashed: an answer to `invoke *: HardFault"]
    )
    assert "harness/crash" not in result.stdout.str()


def test_a_crash_from_before_the_run_is_a_warning_and_no_tests_fault(project, run):
    project.makepyfile(TWO_TESTS)
    result = run("--report-dir", "r", fault="crashed")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["warning: the board had crashed before it was asked: HardFault"])


def test_no_test_of_a_model_takes_the_loopback_engine(project, run, faulty):
    project.makepyfile(TWO_TESTS)
    result = run(fault="loopback")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["E*WrongEngine: *this one is the loopback engine: built with ENGINE=loopback", "E*ENGINE=tflm*"]
    )
    bench = faulty("loopback")
    with pytest.raises(WrongEngine):
        bench.open("accumulator")
    bench.client.ping()
