from pathlib import Path

from harness.crash.report import explain_crash, summarize_crash
from harness.flash.firmware import Firmware
from harness.flash.uf2 import RP2040, Uf2
from harness.protocol.messages import Crash, Identity

IDENTITY = Identity(
    protocol=1,
    engine="tflm",
    board="pico",
    serial="s",
    chip="RP2040",
    clock_hz=125_000_000,
    pointer_bits=32,
    build="0123456789abcdef",
    tflm="90b983c",
    compiler="gcc",
    arena_max=1,
    pack_crc="00000000",
)
UF2 = Uf2(RP2040, ((0x10000000, b"x"),))


def explain(crash, firmware=None, command=""):
    return explain_crash(crash, IDENTITY, firmware, command=command, conditions="here", log=["last"])


def test_a_crash_with_nothing_but_a_reason():
    error = explain(Crash("watchdog"))
    assert error.message == "a device that runs expected, the device crashed: watchdog\non here"
    assert error.log == ("last",)
    assert "hangs" in error.advice


def test_what_the_host_sent_counts_more_than_what_the_device_thinks_it_did():
    crash = Crash("HardFault", command="ping #1")
    assert explain(crash).command == "ping #1"
    assert explain(crash, command="invoke #2").command == "invoke #2"


def test_a_device_cannot_fill_the_report():
    registers = {f"{number:03}" + "x" * 190: 1 for number in range(32)}
    error = explain(Crash("HardFault", registers=registers, backtrace=[1] * 32))
    assert max(map(len, str(error).splitlines())) < 120
    assert len(str(error).splitlines()) < 60


def test_why_there_are_no_names_is_said():
    crash = Crash("HardFault", registers={"pc": 0x10000000})
    unknown = "no firmware file is known for this board"
    without = Firmware(Path("f.uf2"), None, IDENTITY.build, UF2, "f.elf: no such file")
    other = Firmware(Path("f.uf2"), None, "1", UF2)
    for firmware, why in ((None, unknown), (without, "f.elf: no such file"), (other, "f.uf2 is build 1, the board")):
        assert f"not all addresses have names: {why}" in explain(crash, firmware).message
    assert "not all addresses" not in explain(Crash("watchdog")).message


def test_a_crash_in_the_boot_rom_is_named_without_a_file():
    assert explain(Crash("HardFault", registers={"pc": 0x40})).where == "boot ROM (+0x40)"


def test_a_link_register_that_is_no_address_is_no_frame():
    for lr, count in ((0, 1), (0xFFFFFFF9, 1), (0xFFFFFFFD, 1), (0x10000009, 2)):
        assert len(explain(Crash("HardFault", registers={"pc": 0x10000000, "lr": lr})).backtrace) == count


def test_a_crash_in_one_line():
    crash = Crash("panic", command="open #3", op="SVDF", detail="out of memory", registers={"pc": 0x10000000})
    assert summarize_crash(crash, IDENTITY, None) == (
        "panic at 0x10000000, operator SVDF, out of memory, while it ran `open #3`"
    )
    assert summarize_crash(Crash("panic"), IDENTITY, None) == "panic"
