"""Whole runs of pytest on a virtual Pico: two at once, one that is killed, a board that is lost."""

import os
import sys
import threading
from pathlib import Path

import pytest

from tests.integration.conftest import ROOT
from tests.integration.pico.conftest import OTHER_SERIAL, SERIAL, firmware_file
from tests.support.program import Program

# How often runs are started at the same moment: some for every day, more to be sure.
RUNS = int(os.environ.get("TFLM_HIL_RUNS", "5"))
# Beyond what one takes on a computer with much else to do.
_ROUND_SECONDS = 30

CONFTEST = """
from pathlib import Path
from harness.boards.pico import board, lock, recovery, usb
usb.SYSFS, usb.DEV, lock.FOLDER = Path({sysfs!r}), Path({dev!r}), Path({locks!r})
recovery.RETURN_SECONDS = board._CONNECT_SECONDS = 2.0
board._PING_SECONDS = 1.0
"""
ONE_TEST = """
def test_one(bench):
    assert bench.client.identify().serial == {serial!r}
"""
# Goes on when it is told to, or when whoever could tell it is gone.
WAITING = """
def test_one(bench):
    bench.client.ping()
    print("it runs", flush=True)
    input()
"""


@pytest.fixture
def start(bus, pytester, tmp_path):
    """Starts pytest on a board, in a process of its own."""
    folder = {"sysfs": str(bus.sysfs), "dev": str(bus.dev), "locks": str(tmp_path / "locks")}
    pytester.makeini("[pytest]\n")
    pytester.makeconftest(CONFTEST.format(**folder))
    uf2 = firmware_file(tmp_path)
    started = []
    changed = threading.Condition()

    def start_pytest(*arguments):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rN", "--tb=short", "-s", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        started.append(Program([*command, "--firmware", str(uf2)], pytester.path, environment, changed))
        return started[-1]

    yield start_pytest
    for run in started:
        run.close()


@pytest.fixture
def pico(bus, old_flash):
    return bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy")


@pytest.mark.parametrize("name", ["auto", "1-2", SERIAL, "{tty}"])
def test_a_run_on_a_board_by_any_name(pytester, start, pico, name):
    pytester.makepyfile(ONE_TEST.format(serial=SERIAL))
    code, said = start("--board", name.format(tty=pico.tty)).ended()
    assert code == 0, said
    assert f"board: pico {SERIAL} at 1-2 (RP2040, " in said and "flashed firmware " in said, said
    pico.counts.clear()
    code, said = start("--board", name.format(tty=pico.tty)).ended()
    assert code == 0 and "flashing skipped, unchanged" in said
    assert not pico.counts.flash_touched and pico.counts.enumerations == 0


@pytest.mark.timeout(_ROUND_SECONDS * (RUNS + 2))
def test_of_two_runs_at_the_same_moment_one_has_the_board(pytester, start, pico):
    pytester.makepyfile(WAITING)
    names = ["auto", SERIAL, "1-2", str(pico.tty)]
    for number in range(RUNS):
        runs = [start("--board", names[number % 4]), start("--board", names[number // 4 % 4])]
        # Whoever has the board keeps it until the other has ended.
        runs[0].await_that(lambda runs=runs: any(run.is_silent for run in runs), "an end of one of two runs")
        going_on = [run for run in runs if not run.is_silent]
        assert len(going_on) == 1, [run.said for run in runs]
        [winner] = going_on
        winner.await_words("it runs")
        winner.go_on()
        results = [run.ended() for run in runs]
        assert sorted(code for code, _ in results) == [0, 1], results
        [loser] = [said for code, said in results if code]
        assert winner.ended()[0] == 0, results
        pid = winner.process.pid
        assert "BoardBusy" in loser and f"process {pid} (" in loser and "--board-wait" in loser, loser


def test_who_waits_has_it_afterwards(pytester, start, pico):
    pytester.makepyfile(ONE_TEST.format(serial=SERIAL))
    runs = [start("--board", "auto", "--board-wait", "50") for _ in range(3)]
    assert [run.ended()[0] for run in runs] == [0, 0, 0]


@pytest.mark.timeout(_ROUND_SECONDS * (RUNS + 2))
def test_two_runs_on_two_boards_each_flash_their_own(bus, pytester, start, old_flash):
    pytester.makepyfile(
        test_a=ONE_TEST.format(serial=SERIAL),
        test_b=ONE_TEST.format(serial=OTHER_SERIAL),
    )
    boards = [bus.plug("1-2", unique_id=SERIAL, application="dummy", flash=old_flash)]
    boards.append(bus.plug("1-3", unique_id=OTHER_SERIAL, application="dummy", flash=old_flash))
    for _ in range(RUNS):
        for board in boards:
            board.counts.clear()
        runs = [
            start("--board", "1-2", "--flash", "always", "test_a.py"),
            start("--board", OTHER_SERIAL, "--flash", "always", "test_b.py"),
        ]
        results = [run.ended() for run in runs]
        assert [code for code, _ in results] == [0, 0], results
        assert [(board.counts.flash_touched, board.counts.reset_requests) for board in boards] == [(True, 1), (True, 1)]


def test_a_killed_run_leaves_the_board_to_the_next(pytester, start, pico):
    pytester.makepyfile(test_a=WAITING, test_b=ONE_TEST.format(serial=SERIAL))
    first = start("--board", "auto", "test_a.py")
    first.await_words("it runs")
    first.kill()
    code, said = start("--board", "auto", "test_b.py").ended()
    assert code == 0, said


def picotools(bus):
    """The process ids of all picotools that are on the bus."""
    socket = f"VIRTUAL_USB_SOCKET={bus.picotool_environment()['VIRTUAL_USB_SOCKET']}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            program, variables = (process / "comm").read_text(), (process / "environ").read_bytes()
        except OSError:
            # Of another user, or gone meanwhile.
            continue
        if program.strip() == "picotool" and socket in variables.split(b"\0"):
            found.append(int(process.name))
    return found


def test_a_run_that_is_killed_while_it_flashes_leaves_no_picotool(bus, pytester, start, pico):
    pytester.makepyfile(ONE_TEST.format(serial=SERIAL))
    # Left alone, picotool would wait for this board until its own limit of 10 s.
    pico.faults.erase_seconds = 30.0
    first = start("--board", "auto")
    bus.wait_for(lambda: pico.counts.erased_sectors)
    assert len(picotools(bus)) == 1
    first.kill()
    bus.wait_for(lambda: not picotools(bus), seconds=5.0)
    pico.faults.clear()
    pico.power_cycle()
    code, said = start("--board", "auto").ended()
    assert code == 0, said
    assert picotools(bus) == []


def test_a_port_that_comes_back_under_another_name_fails_one_test_only(pytester, start, pico):
    pytester.makepyfile(
        """
        def test_before(bench):
            bench.client.ping()
        def test_during(bench):
            print("unplug me", flush=True)
            input()
            bench.client.ping()
        def test_after(bench):
            bench.client.ping()
        def test_long_after(bench):
            bench.client.ping()
        """
    )
    run = start("--board", str(pico.tty))
    run.await_words("unplug me")
    node = pico.tty
    with node.open("rb"):
        pico.power_cycle()
        assert pico.tty != node
        run.go_on()
        code, said = run.ended()
    assert code == 1 and "3 passed" in said and "1 failed" in said and "LinkLost" in said, said


def test_a_lost_board_ends_the_run_with_the_reason(pytester, start, pico):
    body = "".join(f"def test_{number}(bench):\n    bench.client.ping()\n" for number in range(20))
    pytester.makepyfile(
        "def test_first(bench):\n    print('unplug me', flush=True)\n    input()\n    bench.client.ping()\n" + body
    )
    run = start("--board", "auto", "--junitxml", "junit.xml")
    run.await_words("unplug me")
    pico.unplug()
    run.go_on()
    # Not one timeout for each of twenty tests.
    code, said = run.ended(30)
    assert code == 1, said
    assert f"! the board is lost: {SERIAL} at 1-2 does not come back; attached: no Pico !" in said, said
    assert "1 failed" in said and "1 error" in said and "passed" not in said.splitlines()[-1], said
    assert "tried: reboot command" in said and "unplug the board" in said
    assert "does not come back" in (pytester.path / "junit.xml").read_text()


def test_a_hung_board_fails_its_own_test(bus, pytester, start, pico):
    pytester.makepyfile(
        """
        def test_hangs(bench):
            print("hang now", flush=True)
            input()
            bench.client.ping(seconds=1)
        def test_after(bench):
            bench.client.ping()
        """
    )
    run = start("--board", "auto")
    run.await_words("hang now")
    pico.dummy_silent = True
    before = pico.counts.reset_requests
    run.go_on()
    # A restart is what makes it well again.
    bus.wait_for(lambda: pico.counts.reset_requests > before, 60)
    pico.dummy_silent = False
    code, said = run.ended()
    assert code == 1 and "1 passed" in said and "1 failed" in said and "DeviceTimeout" in said, said


def test_an_inventory_beside_pytest_ini_is_used(pytester, start, pico):
    pytester.makepyfile(ONE_TEST.format(serial=SERIAL))
    (pytester.path / "boards.yaml").write_text(f'boards: {{left: {{serial: "{SERIAL}"}}, right: {{port: "1-9"}}}}')
    code, said = start("--board", "left").ended()
    assert code == 0, said
    code, said = start("--board", "right").ended()
    assert code == 1 and "board 'right' at USB port 1-9 expected, none came" in said
    (pytester.path / "other.yaml").write_text("boards: {left: {serial: 7}}")
    code, said = start("--board", "left", "--inventory", "other.yaml").ended()
    assert code == 1 and "other.yaml: boards.left.serial: " in said


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_odd_times_to_wait(pytester, start, seconds):
    pytester.makepyfile(ONE_TEST.format(serial=SERIAL))
    code, said = start("--board", "auto", f"--board-wait={seconds}").ended()
    assert code in (3, 4) and "board-wait" in said and "Traceback" not in said, said
