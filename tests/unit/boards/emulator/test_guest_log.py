"""What becomes of rp2040py's warnings."""

import pytest

from harness.boards.emulator.faults import BusError, UndefinedInstruction
from harness.boards.emulator.guest_log import GuestLog


@pytest.fixture
def told():
    return []


@pytest.fixture
def log(told):
    return GuestLog(told.append)


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("Read from invalid memory address: 30000000", "read from nothing at 0x30000000"),
        ("Write to undefined address: f0000004", "write to nothing at 0xf0000004"),
        ("read from address 20000001, which is not 32 bit aligned", "unaligned read at 0x20000001"),
    ],
)
def test_accesses_that_the_bus_refuses_are_faults(log, told, message, what):
    with pytest.raises(BusError, match=what) as caught:
        log.warning("RP2040", message)
    assert f"{caught.value.address:x}" in message
    assert told == []


def test_an_undefined_instruction_is_a_fault(log):
    with pytest.raises(UndefinedInstruction):
        log.warning("CortexM0Core", "Warning: Instruction at 10000200 is not implemented yet!")


def test_other_warnings_are_told_once(log, told):
    for _ in range(3):
        log.warning("XOSC_BASE", "Invalid FREQ_RANGE value written: 0x0")
        log.warning("USB", "Read from invalid memory address: 0")
        log.error("USB", "odd")
        log.info("CortexM0Core", "SEV")
    assert len(told) == 3


def test_a_program_that_finds_ever_new_ones_is_not_told_of_for_ever(log, told):
    for number in range(1000):
        log.warning("SSI", f"number {number}")
    assert len(told) == 50
