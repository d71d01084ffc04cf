"""Whole runs of pytest on a virtual Pico: two at once, one that is killed, a board that is lost."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.integration.conftest import ROOT
from tests.integration.pico.conftest import OTHER_SERIAL, SERIAL, firmware_file

RUNS = int(os.environ.get("TFLM_HIL_RUNS", "5"))

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
WAITING = """
import time
def test_one(bench):
    bench.client.ping()
    print("it runs", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def start(bus, pytester, tmp_path):
    """Starts pytest on a board, in a process of its own."""
    folder = {"sysfs": str(bus.sysfs), "dev": str(bus.dev), "locks": str(tmp_path / "locks")}
    pytester.makeini("[pytest]\n")
    pytester.makeconftest(CONFTEST.format(**folder))
    uf2 = firmware_file(tmp_path)
    started = []

    def start_pytest(*arguments):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rN", "--tb=short", "-s", *arguments]
        started.append(
            subprocess.Popen(
                [*command, "--firmware", str(uf2)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=pytester.path,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        )
        return started[-1]

    yield start_pytest
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def ended(process, seconds=60):
    """Exit code and output."""
    said, _ = process.communicate(timeout=seconds)
    return process.returncode, said


@pytest.fixture
def pico(bus, old_flash):
    return bus.plug("1-2", unique_id=SERIAL, flash=old_flash, application="dummy")


@pytest.mark.parametrize("name", ["auto", "1-2", SERIAL, "{tty}"])
def test_a_run_on_a_board_by_any_name(pytester, start, pico, name):
    pytester.makepyfile(ONE_TEST.format(serial=SERIAL))
    code, said = ended(start("--board", name.format(tty=pico.tty)))
    assert code == 0, said
    assert f"board: pico {SERIAL} (RP2040, " in said and "flashed 0 models" in said, said
    pico.counts.clear()
    code, said = ended(start("--board", name.format(tty=pico.tty)))
    assert code == 0 and "flashing skipped, unchanged" in said
    assert not pico.counts.flash_touched and pico.counts.enumerations == 0


def test_of_two_runs_at_the_same_moment_one_has_the_board(pytester, start, pico):
    go_on = pytester.path / "go on"
    wait = f"    import os, time\n    while not os.path.exists({str(go_on)!r}):\n        time.sleep(0.05)\n"
    pytester.makepyfile(ONE_TEST.format(serial=SERIAL) + wait)
    names = ["auto", SERIAL, "1-2", str(pico.tty)]
    for number in range(RUNS):
        go_on.unlink(missing_ok=True)
        runs = [start("--board", names[number % 4]), start("--board", names[number // 4 % 4])]
        # Whoever has the board keeps it until the other has ended.
        deadline = time.monotonic() + 60
        while all(run.poll() is None for run in runs) and time.monotonic() < deadline:
            time.sleep(0.05)
        go_on.touch()
        results = [ended(run) for run in runs]
        assert sorted(code for code, _ in results) == [0, 1], results
        [loser] = [said for code, said in results if code]
        winner = runs[[code for code, _ in results].index(0)]
        assert "BoardBusy" in loser and f"process {winner.pid} (" in loser and "--board-wait" in loser, loser


def test_who_waits_has_it_afterwards(pytester, start, pico):
    pytester.makepyfile(ONE_TEST.format(serial=SERIAL))
    runs = [start("--board", "auto", "--board-wait", "50") for _ in range(3)]
    assert [ended(run)[0] for run in runs] == [0, 0, 0]


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
        results = [ended(run) for run in runs]
        assert [code for code, _ in results] == [0, 0], results
        assert [(board.counts.flash_touched, board.counts.reset_requests) for board in boards] == [(True, 1), (True, 1)]


def test_a_killed_run_leaves_the_board_to_the_next(pytester, start, pico):
    pytester.makepyfile(test_a=WAITING, test_b=ONE_TEST.format(serial=SERIAL))
    first = start("--board", "auto", "test_a.py")
    while "it runs" not in first.stdout.readline():
        pass
    first.send_signal(signal.SIGKILL)
    first.wait()
    code, said = ended(start("--board", "auto", "test_b.py"))
    assert code == 0, said


def test_a_run_that_is_killed_while_it_flashes_leaves_no_picotool(pytester, start, pico):
    pytester.makepyfile(ONE_TEST.format(serial=SERIAL))
    pico.faults.erase_seconds = 0.3
    first = start("--board", "auto")
    pico.wait("bootsel", 30)
    deadline = time.monotonic() + 30
    while not pico.counts.erased_sectors and time.monotonic() < deadline:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    pico.faults.clear()
    code, said = ended(start("--board", "auto"))
    assert code == 0, said
    others = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(pytester.path.parent) not in "".join(line for line in others.splitlines() if "picotool" in line)


def test_a_port_that_comes_back_under_another_name_fails_one_test_only(pytester, start, pico):
    pytester.makepyfile(
        """
        import time
        def test_before(bench):
            bench.client.ping()
        def test_during(bench):
            print("unplug me", flush=True)
            time.sleep(2)
            bench.client.ping()
        def test_after(bench):
            bench.client.ping()
        def test_long_after(bench):
            bench.client.ping()
        """
    )
    run = start("--board", str(pico.tty))
    while "unplug me" not in run.stdout.readline():
        pass
    node, holder = pico.tty, pico.tty.open("rb")
    pico.power_cycle()
    assert pico.tty != node
    code, said = ended(run)
    holder.close()
    assert code == 1 and "3 passed" in said and "1 failed" in said and "LinkLost" in said, said


def test_a_lost_board_ends_the_run_with_the_reason(pytester, start, pico):
    body = "".join(f"def test_{number}(bench):\n    bench.client.ping()\n" for number in range(20))
    pytester.makepyfile(
        "import time\ndef test_first(bench):\n    print('unplug me', flush=True)\n    time.sleep(1)\n"
        "    bench.client.ping()\n" + body
    )
    run = start("--board", "auto", "--junitxml", "junit.xml")
    while "unplug me" not in run.stdout.readline():
        pass
    begin = time.monotonic()
    pico.unplug()
    code, said = ended(run)
    assert time.monotonic() - begin < 30
    assert code == 1, said
    assert f"! the board is lost: {SERIAL} at 1-2 does not come back; attached: no Pico !" in said, said
    assert "1 failed" in said and "1 error" in said and "passed" not in said.splitlines()[-1], said
    assert "tried: reboot command" in said and "unplug the board" in said
    assert "does not come back" in (pytester.path / "junit.xml").read_text()


def test_a_hung_board_fails_its_own_test(pytester, start, pico):
    pytester.makepyfile(
        """
        import pytest
        def test_hangs(bench):
            print("hang now", flush=True)
            import time; time.sleep(1)
            bench.client.ping(seconds=1)
        def test_after(bench):
            bench.client.ping()
        """
    )
    run = start("--board", "auto")
    while "hang now" not in run.stdout.readline():
        pass
    pico.dummy_silent = True
    before = pico.counts.reset_requests

    def heal():
        deadline = time.monotonic() + 60
        while pico.counts.reset_requests == before and time.monotonic() < deadline:
            time.sleep(0.01)
        pico.dummy_silent = False

    threading.Thread(target=heal, daemon=True).start()
    code, said = ended(run)
    assert code == 1 and "1 passed" in said and "1 failed" in said and "DeviceTimeout" in said, said


def test_an_inventory_beside_pytest_ini_is_used(pytester, start, pico):
    pytester.makepyfile(ONE_TEST.format(serial=SERIAL))
    (pytester.path / "boards.yaml").write_text(f'boards: {{left: {{serial: "{SERIAL}"}}, right: {{port: "1-9"}}}}')
    code, said = ended(start("--board", "left"))
    assert code == 0, said
    code, said = ended(start("--board", "right"))
    assert code == 1 and "board 'right' at USB port 1-9 expected, none came" in said
    (pytester.path / "other.yaml").write_text("boards: {left: {serial: 7}}")
    code, said = ended(start("--board", "left", "--inventory", "other.yaml"))
    assert code == 1 and "other.yaml: boards.left.serial: " in said


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_odd_times_to_wait(pytester, start, seconds):
    pytester.makepyfile(ONE_TEST.format(serial=SERIAL))
    code, said = ended(start("--board", "auto", f"--board-wait={seconds}"))
    assert code in (3, 4) and "board-wait" in said and "Traceback" not in said, said
