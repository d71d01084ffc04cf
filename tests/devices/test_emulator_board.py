"""The emulated board with the firmware's own image: what comes over its cable, and how it comes back from anything."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.boards.emulator.availability import why_unavailable
from harness.boards.emulator.board import EmulatorBoard
from harness.errors import BoardBusy, DeviceTimeout, FlashFailed, HarnessError, LinkLost, NoFirmware
from harness.flash.image import Image
from harness.flash.layout import FLASH_ADDRESS, FLASH_BYTES, PACK_ADDRESS
from harness.flash.pack import ModelPack
from tests.support.firmware_images import load_image, why_no_image
from tests.support.processes import children, is_gone

_REASON = why_unavailable() or why_no_image("loopback")
pytestmark = pytest.mark.skipif(_REASON is not None, reason=_REASON or "")

ROOT = Path(__file__).parents[2]
PACK = ModelPack([("one", b"TFLMLOOP" + bytes(100)), ("two", bytes(5000))])


@pytest.fixture(autouse=True)
def tflm():
    """These tests do not need TFLM's interpreter."""


@pytest.fixture(scope="module")
def firmware():
    return load_image("loopback")


@pytest.fixture(scope="module")
def board(firmware, tmp_path_factory):
    """One board for most tests: it has to come back each time."""
    board = EmulatorBoard(firmware, directory=tmp_path_factory.mktemp("boards"))
    board.flash(board.image(PACK))
    yield board
    board.close()


@pytest.fixture
def works(board):
    """A board that works before and after the test."""
    board.connect().identify()
    yield board
    assert board.connect().identify().serial == board.serial


@contextmanager
def took(at_least, at_most):
    begun = time.monotonic()
    yield
    assert at_least <= time.monotonic() - begun <= at_most


def crash_of(client):
    """What the firmware knows of its last crash; asked for in the client's way, which may keep it for itself."""
    identity = client.identify()
    return identity.crash if identity.crash is not None else getattr(client, "crash", None)


# --- flash -----------------------------------------------------------------------------------------------------------


def test_runs_the_image_that_was_flashed(works, firmware):
    client = works.connect()
    identity = client.identify()
    assert (identity.board, identity.engine, identity.build) == ("pico", "loopback", firmware.build)
    assert identity.clock_hz == 125_000_000
    assert identity.pack_crc == f"{PACK.crc:08x}"
    assert [model.name for model in client.models()] == ["one", "two"]


def test_a_board_that_was_never_flashed_waits_in_bootsel(firmware, tmp_path):
    board = EmulatorBoard(firmware, directory=tmp_path)
    try:
        with took(0, 10), pytest.raises(NoFirmware, match="BOOTSEL"):
            board.connect()
        board.flash(board.image(ModelPack()))
        assert board.connect().identify().build == firmware.build
    finally:
        board.close()


def test_flash_is_kept_and_the_end_of_it_is_not_touched(firmware, tmp_path):
    settings = b"label" + bytes(8 * 1024 - 5)
    (tmp_path / "emulator-0.flash").write_bytes(b"\0" * (FLASH_BYTES - len(settings)) + settings)
    for flash_it in (True, False):
        board = EmulatorBoard(firmware, directory=tmp_path)
        try:
            if flash_it:
                board.flash(board.image(PACK))
            assert board.connect().identify().pack_crc == f"{PACK.crc:08x}"
        finally:
            board.close()
    flash = (tmp_path / "emulator-0.flash").read_bytes()
    assert flash.endswith(settings)
    pack = PACK_ADDRESS - FLASH_ADDRESS
    assert flash[pack : pack + len(PACK.encode())] == PACK.encode()


def test_an_image_of_another_firmware_is_refused(works):
    with pytest.raises(FlashFailed, match="expected"):
        works.flash(Image("0123456789abcdef", b"", PACK))


def test_a_firmware_that_does_not_come_up_is_a_failed_flashing(firmware, tmp_path):
    board = EmulatorBoard(firmware, directory=tmp_path)
    try:
        image = board.image(PACK)
        block = bytearray(image.firmware)
        block[40] ^= 1  # in the second stage, whose checksum the boot ROM looks at
        with pytest.raises(FlashFailed, match="does not come up"):
            board.flash(Image(image.build, bytes(block), PACK))
    finally:
        board.close()


# --- several boards --------------------------------------------------------------------------------------------------


def test_boards_side_by_side_have_serial_numbers_of_their_own(works, firmware, tmp_path):
    boards = [EmulatorBoard(firmware, directory=tmp_path) for _ in range(2)]
    try:
        assert [board.name for board in boards] == ["emulator-0", "emulator-1"]
        with pytest.raises(BoardBusy, match="emulator-1"):
            EmulatorBoard(firmware, name="emulator-1", directory=tmp_path)
        for board in boards:
            board.flash(board.image(PACK))
        told = [board.connect().identify().serial for board in boards]
        assert told == [board.serial for board in boards]
        assert len(set(told)) == 2
    finally:
        for board in boards:
            board.close()


# --- time ------------------------------------------------------------------------------------------------------------


def test_answers_at_once_when_idle(works):
    client = works.connect()
    client.ping()
    times = []
    for _ in range(50):
        begun = time.monotonic()
        client.ping()
        times.append(time.monotonic() - begun)
    assert sorted(times)[25] < 0.01


def test_a_timeout_of_the_device_takes_its_time(works):
    client = works.connect()
    client.ping()
    # Bytes that are announced and do not come are waited for 2 s, docs/protocol.md says.
    with took(1.8, 4), pytest.raises(HarnessError, match="session"):
        client.request("input", {"session": "1", "index": "0", "bytes": "10", "crc": "00000000"}, seconds=10)


def test_an_idle_board_costs_next_to_nothing(works):
    client = works.connect()
    client.ping()
    flash = str(works._slot.flash)
    [pid] = [child for child in children(os.getpid()) if flash in Path(f"/proc/{child}/cmdline").read_text()]

    def used():
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = used()
    # Time is what is measured here, not waited for.
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        time.sleep(0.1)
    assert used() - before < 0.3


# --- the cable -------------------------------------------------------------------------------------------------------


def test_a_long_log_arrives_whole(works):
    client = works.connect()
    mark = works.log.mark()
    client.request("log", {"lines": "3000", "bytes": "250"}, seconds=60)
    lines = [line.text for line in works.log.since(mark) if line.text.startswith("line ")]
    assert [int(line[5:11]) for line in lines] == list(range(3000))


def test_a_large_payload_arrives_whole(works):
    client = works.connect()
    data = bytes(range(256)) * 40
    # Its bytes are taken off the stream although there is no such session; the next command is understood.
    with pytest.raises(HarnessError, match="session"):
        client.request(
            "input",
            {"session": "1", "index": "0", "bytes": str(len(data)), "crc": "00000000"},
            payload=data,
            seconds=10,
        )
    client.ping()


def test_closing_and_opening_the_port_is_no_restart(works):
    numbers = []
    for _ in range(3):
        client = works.connect()
        numbers.append(client.request("ping").final["n"])
        client.close()
    assert numbers == sorted(set(numbers))


# --- restarts and crashes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("hardfault", "HardFault"),
        ("undefined", "HardFault"),
        ("panic", "panic"),
        ("stack", "stack overflow"),
        ("hang_without_interrupts", "watchdog"),
    ],
)
def test_a_crash_restarts_the_chip_and_is_told_afterwards(works, kind, reason):
    with pytest.raises(LinkLost):
        works.connect().request("fault", {"kind": kind}, seconds=30)
    client = works.connect()
    crash = crash_of(client)
    assert crash is not None and crash.reason == reason
    assert f"fault kind={kind}" in crash.command
    assert client.identify().crash is None


def test_a_fault_is_at_the_instruction_that_made_it(works):
    with pytest.raises(LinkLost):
        works.connect().request("fault", {"kind": "hardfault"})
    crash = crash_of(works.connect())
    assert 0x30000000 in crash.registers.values()
    assert FLASH_ADDRESS <= crash.registers["pc"] < FLASH_ADDRESS + FLASH_BYTES


def test_a_power_cycle_forgets_a_crash(works):
    with pytest.raises(LinkLost):
        works.connect().request("fault", {"kind": "hardfault"})
    works.power_cycle()
    assert crash_of(works.connect()) is None


def test_comes_back_from_a_hang_at_once(works):
    with pytest.raises(DeviceTimeout):
        works.connect().request("fault", {"kind": "hang_without_interrupts"}, seconds=0.3)
    with took(0, 5):
        works.recover()


def test_the_reset_interface_restarts_the_firmware(works):
    client = works.connect()
    client.ping()
    works.request_reset(bootsel=False)
    with pytest.raises(LinkLost), took(0, 5):
        while True:
            client.ping()
    works.connect().ping()


@pytest.mark.parametrize(
    "enter",
    [lambda board: board.request_reset(bootsel=True), lambda board: board.set_line_coding(1200)],
    ids=["reset interface", "1200 baud"],
)
def test_goes_to_bootsel_and_comes_back(works, enter):
    client = works.connect()
    client.ping()
    enter(works)
    works.wait_bootsel(10)
    assert works.usb_state == "bootsel"
    with pytest.raises(LinkLost):
        client.ping()
    with pytest.raises(NoFirmware):
        works.connect()
    works.recover()
    works.connect().ping()


def test_a_device_that_is_ended_is_started_again(works):
    client = works.connect()
    client.ping()
    for pid in children(os.getpid()):
        if "emulator" in Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(pid, signal.SIGKILL)
    with pytest.raises(LinkLost):
        client.ping()
    works.recover()
    works.connect().ping()


def test_many_crashes_leave_nothing_behind(works):
    flash = str(works._slot.flash)
    [pid] = [child for child in children(os.getpid()) if flash in Path(f"/proc/{child}/cmdline").read_text()]
    files = Path(f"/proc/{pid}/fd")
    works.connect().ping()
    before = len(list(files.iterdir()))
    for _ in range(20):
        with pytest.raises(LinkLost):
            works.connect().request("fault", {"kind": "hardfault"})
    works.connect().ping()
    assert len(list(files.iterdir())) <= before + 1


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "in a tight loop"])
def test_the_device_ends_with_a_harness_that_is_killed(firmware, tmp_path, busy):
    code = f"""
import sys
from pathlib import Path
from harness.boards.emulator.board import EmulatorBoard
from harness.errors import HarnessError
from harness.flash.firmware import load_firmware
from harness.flash.pack import ModelPack
board = EmulatorBoard(load_firmware(Path(sys.argv[1])), directory=Path(sys.argv[2]))
board.flash(board.image(ModelPack()))
client = board.connect()
client.ping()
if {busy}:
    try:
        client.request("fault", {{"kind": "hang_without_interrupts"}}, seconds=0.2)
    except HarnessError:
        pass
print("ready", flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", code, str(firmware.path), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as harness:
        assert harness.stdout.readline() == b"ready\n"
        [device] = children(harness.pid)
        harness.kill()
    assert is_gone(device)
