"""The host board, and what is left when something that it depends on breaks."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tflite_micro", reason="TFLM's wheel exists for x86-64 Linux only")

from harness.bench import Bench
from harness.boards.host import board as module
from harness.boards.host.board import HostBoard
from harness.boards.slots import state_directory
from harness.errors import (
    BoardBusy,
    BoardNotFound,
    DeviceCrashed,
    DeviceTimeout,
    FlashFailed,
    LinkLost,
    Misuse,
    SessionClosed,
)
from harness.flash.image import Image
from harness.flash.pack import ModelPack
from harness.models.library import ModelLibrary
from tests.support.processes import children, is_gone

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "test_cases" / "models"
ONE = np.ones((1, 1), np.float32)


@pytest.fixture(scope="module")
def flash():
    """What a flash holds that has two models."""
    names = ("accumulator", "sine_int8")
    return ModelPack((name, (MODELS / f"{name}.tflite").read_bytes()) for name in names).encode()


@pytest.fixture
def make_bench(tmp_path, flash):
    """Benches with host boards in one folder of the test's own; host-0 and host-1 have models already."""
    benches = []
    for number in range(2):
        path = tmp_path / "boards" / f"host-{number}.flash"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(flash)

    def make(**options):
        bench = Bench(HostBoard(tmp_path / "boards"), ModelLibrary([MODELS]), **options)
        benches.append(bench)
        return bench

    yield make
    for bench in benches:
        bench.close()


@pytest.fixture(scope="module")
def survivor(tmp_path_factory, flash):
    """One bench for all that crashes and hangs: it has to come back each time."""
    folder = tmp_path_factory.mktemp("survivor")
    (folder / "host-0.flash").write_bytes(flash)
    bench = Bench(HostBoard(folder), ModelLibrary([MODELS]))
    yield bench
    bench.close()


@pytest.fixture
def crashing(survivor):
    """A bench that works before and after the test."""
    yield survivor
    survivor.close_sessions()
    assert works(survivor)


def device_pid(bench):
    return bench.board._process.pid


def tflm_pid(bench):
    [pid] = children(device_pid(bench))
    return pid


def works(bench):
    """Whether the accumulator counts on from ten in a new session."""
    with bench.open("accumulator") as session:
        return session.invoke(ONE).outputs[0].item() == 11.0


# --- several boards --------------------------------------------------------------------------------------------------


def test_two_boards_at_once_are_two_boards(make_bench):
    one, other = make_bench(), make_bench()
    with one.open("accumulator") as first, other.open("accumulator") as second:
        assert first.invoke(ONE).outputs[0].item() == 11.0
        assert first.invoke(ONE).outputs[0].item() == 12.0
        assert second.invoke(ONE).outputs[0].item() == 11.0
    assert {one.identity.serial, other.identity.serial} == {one.board.name, other.board.name} == {"host-0", "host-1"}
    assert device_pid(one) != device_pid(other)


def test_a_board_that_was_let_go_is_free_again(make_bench):
    one = make_bench()
    one.close()
    assert make_bench().board.name == "host-0"
    one.board.close()
    assert make_bench().board.name == "host-1"


def test_when_all_boards_are_taken_it_says_so(make_bench, monkeypatch):
    monkeypatch.setattr("harness.boards.slots.SLOTS", 2)
    make_bench(), make_bench()
    with pytest.raises(BoardBusy, match="all 2 host boards are in use.*\n?.*wait until other runs end"):
        make_bench()


# --- flash -----------------------------------------------------------------------------------------------------------


def test_flash_keeps_its_models_over_a_restart_and_from_run_to_run(make_bench):
    first = make_bench()
    assert first.prepare([first.library.find("svdf_int8")]).done
    first.recover()
    assert not first.prepare([first.library.find("accumulator"), first.library.find("svdf_int8")]).done
    crc = first.identity.pack_crc
    first.close()
    again = make_bench(flash="never")
    assert again.identity.pack_crc == crc
    assert works(again)


def test_flashing_restarts_the_board_and_ends_its_sessions(make_bench):
    bench = make_bench()
    session = bench.open("accumulator")
    before = device_pid(bench)
    bench.open("svdf_int8", arena=100_000)
    assert device_pid(bench) != before
    with pytest.raises(SessionClosed, match="over"):
        session.invoke(ONE)
    assert works(bench)


def test_a_damaged_flash_is_an_empty_flash_that_says_why(make_bench, tmp_path):
    path = tmp_path / "boards" / "host-0.flash"
    path.write_bytes(path.read_bytes().replace(b"TFL3", b"TFL4"))
    unable = make_bench(flash="never")
    with pytest.raises(FlashFailed, match="not on the board: accumulator.*\n?.*run with --flash auto"):
        unable.open("accumulator")
    assert "the flash is taken for empty: model pack: " in unable.board.log.newest(1)[0]
    unable.close()
    able = make_bench()
    assert able.prepare([able.library.find("accumulator")]).done
    assert works(able)


def test_a_flash_that_cannot_be_read_or_written(make_bench, tmp_path):
    path = tmp_path / "boards" / "host-0.flash"
    path.unlink()
    path.mkdir()
    bench = make_bench()
    with pytest.raises(FlashFailed, match="the host board's flash cannot be written") as caught:
        bench.open("accumulator")
    assert "XDG_CACHE_HOME" in caught.value.advice
    assert "the flash is taken for empty: " in bench.board.log.newest(1)[0]


def test_no_place_for_the_flash(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(BoardNotFound, match="no place for its flash") as caught:
        HostBoard(tmp_path / "file" / "boards")
    assert "XDG_CACHE_HOME" in caught.value.advice


def test_an_image_of_another_firmware_is_refused(make_bench):
    bench = make_bench()
    with pytest.raises(FlashFailed, match="the image is for 00000000"):
        bench.board.flash(Image("00000000", b"", ModelPack()))


# --- crashes, hangs, and what comes after ----------------------------------------------------------------------------


def test_a_model_that_kills_tflm_is_a_crash_and_the_next_open_works(crashing):
    bench = crashing
    bystander = bench.open("accumulator", arena=100_000)
    with pytest.raises(
        DeviceCrashed, match="`open model=sine_int8.* expected, the device crashed: SIGSEGV\\non host host-0"
    ) as caught:
        bench.open("sine_int8", arena=256)
    assert caught.value.reason == "SIGSEGV"
    assert any("Requested: " in line for line in caught.value.log)
    with pytest.raises(SessionClosed, match="crashed"):
        bystander.invoke(ONE)


def test_tflm_killed_in_the_middle_of_an_invoke(crashing):
    bench = crashing
    session = bench.open("accumulator")
    session.invoke(ONE)
    # It stops before it is asked, so that it is killed while it is being waited for, and not before or after.
    pid = tflm_pid(bench)
    os.kill(pid, signal.SIGSTOP)
    killer = subprocess.Popen([sys.executable, "-c", f"import os; os.kill({pid}, 9)"])
    with pytest.raises(DeviceCrashed, match="an answer to `in.* expected, the device crashed: SIGKILL"):
        session.invoke(ONE)
    killer.wait(10)
    assert bench.unanswered is None


def test_tflm_that_died_between_two_invokes(crashing):
    bench = crashing
    session = bench.open("accumulator")
    os.kill(tflm_pid(bench), signal.SIGABRT)
    with pytest.raises(DeviceCrashed, match="SIGABRT"):
        session.invoke(ONE)


@pytest.mark.parametrize("victim", [device_pid, tflm_pid], ids=["the device", "its TFLM"])
def test_recovery_from_a_process_that_hangs(crashing, victim):
    bench = crashing
    session = bench.open("accumulator")
    session.invoke(ONE)
    device, tflm = device_pid(bench), tflm_pid(bench)
    os.kill(victim(bench), signal.SIGSTOP)
    with pytest.raises(DeviceTimeout, match="busy or hangs"):
        session.invoke(timeout=0.05)
    bench.ensure_ready()
    assert is_gone(device)
    assert is_gone(tflm)
    with pytest.raises(SessionClosed, match="restarted"):
        session.invoke(ONE)


def test_a_device_that_is_killed_is_a_lost_link_and_comes_back(crashing):
    bench = crashing
    session = bench.open("accumulator")
    device, tflm = device_pid(bench), tflm_pid(bench)
    os.kill(device, signal.SIGKILL)
    with pytest.raises(LinkLost):
        session.invoke(ONE)
    assert is_gone(tflm)
    bench.ensure_ready()
    assert device_pid(bench) != device


def test_a_reboot_is_a_restart(crashing):
    bench = crashing
    bench.prepare()
    before = device_pid(bench)
    bench.client.reboot()
    bench.client.close()
    bench.board._process.wait(10)
    # A board whose program has ended is started anew by whoever connects.
    bench.board.connect().ping()
    assert device_pid(bench) != before
    bench.recover()


def test_a_device_that_does_not_start(make_bench, monkeypatch):
    monkeypatch.setattr(module, "DEVICE_COMMAND", (sys.executable, "-c", "raise SystemExit(3)"))
    bench = make_bench()
    with pytest.raises(BoardNotFound, match="ended before it was ready"):
        bench.prepare()
    monkeypatch.undo()
    assert works(bench)


def test_a_device_that_never_gets_ready(make_bench, monkeypatch):
    monkeypatch.setattr(module, "DEVICE_COMMAND", (sys.executable, "-c", "import sys; sys.stdin.read()"))
    monkeypatch.setattr(module, "_START_SECONDS", 0.2)
    bench = make_bench()
    with pytest.raises(BoardNotFound, match=r"did not start within 0\.2 s"):
        bench.prepare()
    assert bench.board._process is None


RUN = """
import sys
from pathlib import Path
import numpy as np
from harness.bench import Bench
from harness.boards.host.board import HostBoard
from harness.models.library import ModelLibrary
bench = Bench(HostBoard(Path(sys.argv[1])), ModelLibrary([Path(sys.argv[2])]))
session = bench.open("accumulator")
print(bench.board.name, bench.board._process.pid, flush=True)
session.invoke(np.ones((1, 1), np.float32), repeats=100000, warmup=100000, timeout=600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_that_is_killed_leaves_no_process_and_no_lock(make_bench, tmp_path, number):
    command = [sys.executable, "-c", RUN, str(tmp_path / "boards"), str(MODELS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
        name, device = run.stdout.readline().decode().split()
        assert name == "host-0"
        [tflm] = children(int(device))
        run.send_signal(number)
        assert run.wait(10) == -number
    assert is_gone(int(device))
    assert is_gone(tflm)
    after = make_bench()
    assert after.board.name == "host-0"
    assert works(after)


def test_an_open_and_close_leaves_nothing_behind(make_bench):
    bench = make_bench()
    assert works(bench)
    device, tflm = device_pid(bench), tflm_pid(bench)
    bench.close()
    assert is_gone(device)
    assert is_gone(tflm)
    descriptors = sorted(Path("/proc/self/fd").iterdir())
    assert works(again := make_bench())
    again.close()
    assert sorted(Path("/proc/self/fd").iterdir()) == descriptors


def test_without_a_home_directory_the_advice_names_the_variable(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("harness.boards.host.board.Path.home", no_home)
    for relative in ("", "cache"):
        monkeypatch.setenv("XDG_CACHE_HOME", relative)
        with pytest.raises(BoardNotFound, match="XDG_CACHE_HOME"):
            state_directory("host")


def test_a_timeout_bounds_the_whole_call(bench):
    session = bench.open("accumulator")
    os.kill(device_pid(bench), signal.SIGSTOP)
    begin = time.monotonic()
    with pytest.raises(DeviceTimeout):
        session.invoke(ONE, timeout=0.5)
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), 1e12, None, "1", True])
def test_a_timeout_that_is_none_is_refused(bench, timeout):
    with bench.open("accumulator") as session, pytest.raises(Misuse, match="timeout"):
        session.invoke(ONE, timeout=timeout)


def test_reopened_it_has_the_arena_of_the_first_time(bench):
    other = bench.open("accumulator", arena=65536)
    session = bench.open("accumulator")
    size = session.arena.size
    other.close()
    session.reopen()
    assert session.arena.size == size


def test_a_reset_before_a_step_that_is_not_there_is_refused(bench):
    with bench.open("accumulator") as session, pytest.raises(Misuse, match="reset_before"):
        session.run([ONE], reset_before=[1])
