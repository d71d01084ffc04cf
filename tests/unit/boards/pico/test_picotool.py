"""What picotool says and how it ends, as its source (2.1.1) has it, and what becomes of that."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness.boards.pico import picotool as picotool_module
from harness.boards.pico import program
from harness.boards.pico.failures import (
    DeviceRefused,
    DriveBusy,
    FileRefused,
    NoReset,
    NotReachable,
    NotVerified,
    PicotoolFailed,
    PicotoolHung,
    PicotoolMissing,
    PicotoolTooOld,
    SeveralBoards,
    Unplugged,
)
from harness.boards.pico.picotool import find_picotool
from harness.boards.pico.usb import UsbDevice
from harness.deadline import Deadline
from harness.errors import FlashFailed, ImageTooLarge, NoPermission
from tests.support.processes import is_gone

DEVICE = UsbDevice("1-2", 1, 17, 0x2E8A, 0x0003)
FILE = Path("/folder with spaces/--image;.uf2")
DONE = (
    "Loading into Flash:   [                              ]  0%\r"
    "Loading into Flash:   [==============================]  100%\r\n"
    "Verifying Flash:      [                              ]  0%\r"
    "Verifying Flash:      [==============================]  100%\r\n  OK\n"
    "\nThe device was rebooted to start the application.\n"
)
NOT_FOUND = "No accessible RP-series devices in BOOTSEL mode were found with address\n    17.\n"
DENIED = (
    "No accessible RP-series devices in BOOTSEL mode were found.\n\nbut:\n\nDevice at bus 1, address 17 appears\n"
    "    to be in BOOTSEL mode, but picotool was unable to connect. Maybe try 'sudo' or check\n    your permissions.\n"
)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "a folder; with $(odd) name"
    made.mkdir()
    return made


@pytest.fixture
def plan(folder):
    """Says what the picotool of this test does."""

    def write(says="", code=0, version="picotool v2.1.1 (Linux, GNU-12.2.0, Release)", **more):
        source = (Path(__file__).parent / "fake_picotool.py").read_text().replace("{python}", sys.executable, 1)
        (folder / "picotool").write_text(source)
        (folder / "picotool").chmod(0o755)
        (folder / "plan.json").write_text(json.dumps({"says": says, "code": code, "version": version, **more}))

    write()
    return write


@pytest.fixture
def tool(folder, plan, locks):
    return find_picotool(locks, folder / "picotool")


def test_the_one_that_was_built_here_is_found_if_the_path_has_none(folder, plan, locks, monkeypatch):
    built = folder / "tflm-hil" / "picotool-2.1.1"
    built.mkdir(parents=True)
    for name in ("picotool", "plan.json"):
        (folder / name).rename(built / name)
    monkeypatch.delenv("TFLM_HIL_PICOTOOL", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    assert find_picotool(locks).path == built / "picotool"


def test_one_in_the_path_that_is_too_old_does_not_hide_it(folder, plan, locks, monkeypatch):
    built = folder / "tflm-hil" / "picotool-2.1.1"
    built.mkdir(parents=True)
    for name in ("picotool", "plan.json"):
        (folder / name).rename(built / name)
    plan(version="picotool v1.1.2 (Linux)")
    monkeypatch.delenv("TFLM_HIL_PICOTOOL", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    assert find_picotool(locks).path == built / "picotool"
    (built / "picotool").unlink()
    with pytest.raises(PicotoolTooOld):
        find_picotool(locks)


def calls(folder):
    return [json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()]


def load(tool, progress=lambda step, percent: None):
    tool.load(FILE, DEVICE, progress)


# --- which one -------------------------------------------------------------------------------------------------------


def test_it_is_found_in_the_path_or_where_the_environment_says(folder, plan, locks, monkeypatch):
    monkeypatch.delenv("TFLM_HIL_PICOTOOL", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    assert find_picotool(locks).path == folder / "picotool"
    assert find_picotool(locks).version == (2, 1, 1)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    with pytest.raises(PicotoolMissing, match="picotool expected in PATH, there is none") as caught:
        find_picotool(locks)
    assert "apt install picotool" in caught.value.advice
    monkeypatch.setenv("TFLM_HIL_PICOTOOL", str(folder / "picotool"))
    assert find_picotool(locks).path == folder / "picotool"
    with pytest.raises(PicotoolMissing, match="expected at .*other"):
        find_picotool(locks, folder / "other")
    assert {tuple(call[1:]) for call in calls(folder)} == {("version",)}, "info crashes in 2.3.0"


@pytest.mark.parametrize("version", ["2.1.0", "2.0.0", "1.1.2", "0.0.1"])
def test_one_that_is_too_old_is_refused(folder, plan, locks, version):
    plan(version=f"picotool v{version} (Linux, GNU-12.2.0, Release)")
    with pytest.raises(PicotoolTooOld, match=r"2\.1\.1 or newer expected") as caught:
        find_picotool(locks, folder / "picotool")
    assert caught.value.version == version
    assert isinstance(caught.value, FlashFailed)


@pytest.mark.parametrize("version", ["2.1.1", "2.1.2", "2.2.0", "2.2.0-a4", "2.3.0", "2.10.0", "3.0.0"])
def test_newer_ones_are_taken(folder, plan, locks, version):
    plan(version=f"picotool v{version} (Darwin, Clang, Release)")
    assert find_picotool(locks, folder / "picotool").version >= (2, 1, 1)


@pytest.mark.parametrize(
    "plan_of", [{"version": "hello"}, {"version": ""}, {"version": "picotool v2.1.1", "version_code": 1}]
)
def test_a_program_that_is_no_picotool(folder, plan, locks, plan_of):
    plan(**plan_of)
    with pytest.raises(PicotoolMissing, match="picotool expected, what came is"):
        find_picotool(locks, folder / "picotool")


def test_a_program_that_does_not_start(folder, plan, locks):
    (folder / "picotool").write_text("#!/nowhere/python\n")
    with pytest.raises(PicotoolMissing, match="a program that runs here expected"):
        find_picotool(locks, folder / "picotool")


# --- how it is called ------------------------------------------------------------------------------------------------


def test_the_board_is_named_by_its_address_and_the_order_is_one_that_picotool_takes(folder, plan, tool):
    plan(DONE)
    load(tool)
    plan("", 0)
    tool.reboot_to_bootsel(DEVICE)
    tool.reboot_to_application(DEVICE)
    which = ["--bus", "1", "--address", "17"]
    assert [call[1:] for call in calls(folder) if call[1] not in ("version", "end")] == [
        ["load", "-v", "-x", str(FILE), "-t", "uf2", *which],
        ["reboot", "-u", "-f", *which],
        ["reboot", "-a", "-f", *which],
    ]


def test_one_at_a_time(folder, plan, tool):
    plan(DONE, seconds=0.2)
    threads = [threading.Thread(target=load, args=(tool,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    order = [call[1] for call in calls(folder) if call[1] != "version"]
    assert order == ["load", "end"] * 4


def test_progress_is_told_as_it_comes(plan, tool):
    plan(DONE)
    told = []
    load(tool, lambda step, percent: told.append((step, percent)))
    assert told == [("writing", 0), ("writing", 100), ("verifying", 0), ("verifying", 100)]


def test_progress_in_pieces(tool, monkeypatch):
    told = []

    def run(command, seconds, watch, keep_open):
        for start in range(0, len(DONE), 7):
            watch(DONE[start : start + 7])
        return picotool_module.Ended(0, DONE)

    monkeypatch.setattr(picotool_module, "_run", run)
    load(tool, lambda step, percent: told.append((step, percent)))
    assert told == [("writing", 0), ("writing", 100), ("verifying", 0), ("verifying", 100)]


# --- what becomes of it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "code", "kind", "words"),
    [
        (NOT_FOUND, 249, NotReachable, "with address 17"),
        (DENIED, 249, NoPermission, "may not open it"),
        (DENIED.replace("be in BOOTSEL mode", "have a USB serial\n connection"), 249, NoPermission, "may not"),
        ("ERROR: Command requires a single RP-series device to be targeted.\n", 248, SeveralBoards, "several"),
        (
            "ERROR: Forced command requires a single rebootable RP-series device to be targeted.\n",
            248,
            SeveralBoards,
            "several",
        ),
        (
            "ERROR: File size 0x200000 starting at 0x100 is too big to fit in flash size 0x200000\n",
            248,
            ImageTooLarge,
            "",
        ),
        (
            DONE.replace("OK", "FAILED") + "ERROR: The device contents did not match the file\n",
            245,
            NotVerified,
            "did not",
        ),
        ("ERROR: Could not open '/x/image.uf2'\n", 252, FileRefused, "image.uf2"),
        ("ERROR: Cannot autodetect UF2 family - must specify the family\n", 254, FileRefused, "autodetect"),
        ("ERROR: The RP2040 device returned an error: interleaved write\n", 157, DriveBusy, "interleaved"),
        ("ERROR: The RP2040 device returned an error: invalid address\n", 157, DeviceRefused, "invalid address"),
        ("ERROR: Communication with RP2040 device failed\n", 247, Unplugged, "Communication"),
        ("ERROR: Unable to locate reset interface on the device\n", 250, NoReset, "reset interface"),
        ("ERROR: Failed to claim interface\n", 250, NotReachable, "claim"),
        ("ERROR: Failed to initialise libUSB\n", 250, NoReset, "libUSB"),
        ("ERROR: unexpected option: -x\n", 255, PicotoolFailed, "unexpected option"),
        ("terminate called after throwing an instance of 'int'\n", 134, Unplugged, "went away"),
        ("", 1, PicotoolFailed, "it said nothing"),
        ("", 245, NotVerified, "otherwise"),
    ],
)
def test_every_failure_has_its_type_and_its_advice(plan, tool, says, code, kind, words):
    plan(says, code)
    with pytest.raises((FlashFailed, NoPermission)) as caught:
        load(tool)
    assert type(caught.value) is kind
    assert words in str(caught.value)
    assert caught.value.advice
    if isinstance(caught.value, PicotoolFailed):
        assert caught.value.code == code and caught.value.output == says


def test_permission_names_the_udev_rule(plan, tool):
    plan(DENIED, 249)
    with pytest.raises(NoPermission, match=r"60-tflm-hil\.rules"):
        load(tool)


def test_too_large_by_how_much(plan, tool):
    plan("ERROR: File size 0x180000 starting at 0x100000 is too big to fit in flash size 0x200000\n", 248)
    with pytest.raises(ImageTooLarge) as caught:
        load(tool)
    assert (caught.value.size, caught.value.capacity) == (0x280000, 0x200000)


def test_an_abort_is_a_board_that_went_away(plan, tool):
    plan("", signal=int(signal.SIGABRT))
    with pytest.raises(Unplugged, match=r"exit code -6"):
        load(tool)


@pytest.mark.parametrize(
    "says",
    [
        "",
        "The device was asked to reboot into BOOTSEL mode so the command can be executed.\n",
        DONE.replace("rebooted to start", "left in"),
        DONE.replace("  OK\n", ""),
        DONE.replace("OK", "FAILED"),
        DONE.partition("Verifying")[0] + "\nThe device was rebooted to start the application.\n",
    ],
)
def test_exit_code_0_alone_proves_nothing(plan, tool, says):
    plan(says, 0)
    with pytest.raises(PicotoolFailed, match=r"expected.*exit code 0"):
        load(tool)


def test_sentences_that_are_broken_over_lines_are_read(plan, tool):
    plan(DONE.replace("rebooted to start", "rebooted\n    to start"))
    load(tool)


def test_output_that_is_no_text(folder, plan, tool):
    source = (folder / "picotool").read_text().replace("sys.stdout.write(plan", r"os.write(1, b'\xff\x00'); (plan")
    (folder / "picotool").write_text(source)
    plan_text = (folder / "plan.json").read_text()
    (folder / "plan.json").write_text(plan_text.replace('"code": 0', '"code": 3'))
    with pytest.raises(PicotoolFailed):
        load(tool)


@pytest.mark.parametrize(
    "output", ["\x1b[31m\x1b]0;odd\x07", "x" * 10_000_000, "ERROR: " + "\x9b" * 1000 + "\n" * 1000]
)
def test_what_it_says_is_bounded_and_cannot_write_to_the_terminal(plan, tool, output):
    plan(output, 3)
    with pytest.raises(PicotoolFailed) as caught:
        load(tool)
    assert "\n".join(str(caught.value).splitlines()).replace("\n", "").isprintable()
    assert len(str(caught.value)) < 6000 and len(caught.value.output) <= 1024 * 1024


def test_its_last_words_are_not_those_of_the_progress_bar(plan, tool):
    bars = "".join(f"Loading into Flash:   [={' ' * 29}]  {percent}%\r" for percent in range(100))
    plan(bars + "terminate called after throwing an instance of 'picoboot::connection_error'\n", 134)
    with pytest.raises(Unplugged, match=r"went away: terminate called .*connection_error' \(exit code 134\)"):
        load(tool)


def test_a_serial_number_is_no_option(tool, folder):
    """Where addresses are not known, the device's own words stand among the arguments."""
    device = UsbDevice("1-2", 0, 0, 0x2E8A, 0x000A, serial="--force-no-reboot")
    for action in (tool.reboot_to_application, tool.reboot_to_bootsel, lambda one: tool.load(FILE, one, print)):
        with pytest.raises(NotReachable, match="a serial number of 16 digits expected, '--force-no-reboot' came"):
            action(device)
    assert "--force" not in (folder / "calls.jsonl").read_text()


def test_one_that_does_not_even_die_is_left_to_the_kernel(monkeypatch):
    """It waits within the kernel for a hub that hangs."""
    real = subprocess.Popen.wait
    monkeypatch.setattr(program, "_END_SECONDS", 0.0)
    monkeypatch.setattr(program.os, "killpg", lambda *_: None)
    monkeypatch.setattr(subprocess.Popen, "wait", lambda self, *given: started.append(self) or real(self, *given))
    started = []
    try:
        assert program.run_program(["sleep", "600"], Deadline(0.1)).code is None
    finally:
        started[0].kill()
        real(started[0])


def test_one_that_hangs_is_ended_with_its_children(folder, plan, tool, monkeypatch):
    monkeypatch.setattr(picotool_module, "_LOAD_SECONDS", 1.0)
    plan("Loading into Flash:   [===     ]  12%\r", seconds=600, child=True)
    begin = time.monotonic()
    with pytest.raises(PicotoolHung, match="within 1 s expected") as caught:
        load(tool)
    assert time.monotonic() - begin < 10
    assert caught.value.code is None and "12%" in caught.value.output
    assert is_gone(int((folder / "child").read_text()))
    plan(DONE)
    load(tool)


def test_an_interrupt_ends_it_too(folder, plan, tool):
    plan("x", seconds=600, child=True)

    def interrupt(text):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        picotool_module.run_program([str(tool.path), "load"], Deadline(60), on_output=interrupt)
    assert is_gone(int((folder / "child").read_text()))


def test_one_that_talks_without_end_is_ended(tmp_path):
    begin = time.monotonic()
    # Whoever reads slowly never finds the pipe empty.
    ended = picotool_module.run_program(["yes"], Deadline(1), on_output=lambda text: time.sleep(0.01))
    assert ended.code is None and 0 < len(ended.output) <= 1024 * 1024
    assert time.monotonic() - begin < 10
