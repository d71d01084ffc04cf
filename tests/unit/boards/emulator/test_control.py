"""Control transfers: their packets, in order, and devices that do not play along."""

import pytest

from harness.boards.emulator.control import CLASS, IN, TIMEOUT_NANOS, TO_INTERFACE, ControlPipe, Transfer
from tests.unit.boards.emulator.fake_usb import Clock, Controller

MS = 1e6


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def controller():
    return Controller()


@pytest.fixture
def pipe(controller, clock):
    return ControlPipe(controller, clock)


@pytest.fixture
def came():
    return []


def test_data_from_the_device(pipe, controller, clock, came):
    pipe.submit(Transfer(IN, 6, 0x0200, 0, length=100, done=came.append))
    assert controller.setups == [] and not pipe.idle
    clock.pass_time(MS)
    assert controller.setups == [bytes.fromhex("8006000200006400")]
    pipe.packet_came(b"a" * 64)
    pipe.packet_came(b"b" * 36)
    assert came == []
    pipe.buffer_came(0)
    assert came == [b"a" * 64 + b"b" * 36]
    assert controller.given == [(0, b"")] and pipe.idle


def test_a_short_packet_ends_the_data(pipe, clock, came):
    pipe.submit(Transfer(IN, 6, 0x0303, 0x0409, length=255, done=came.append))
    clock.pass_time(MS)
    # The device may make room for the end before the last data is seen.
    pipe.buffer_came(0)
    pipe.packet_came(b"\x04\x03E\0")
    assert came == [b"\x04\x03E\0"]


def test_more_than_was_asked_for_is_cut_off(pipe, clock, came):
    pipe.submit(Transfer(IN, 6, 0x0100, 0, length=8, done=came.append))
    clock.pass_time(MS)
    pipe.packet_came(b"0123456789")
    pipe.buffer_came(0)
    assert came == [b"01234567"]


def test_data_to_the_device(pipe, controller, clock, came):
    pipe.submit(Transfer(CLASS | TO_INTERFACE, 0x20, 0, 1, data=b"1234567", done=came.append))
    clock.pass_time(MS)
    assert controller.setups == [bytes.fromhex("2120000001000700")]
    pipe.buffer_came(64)
    assert controller.given == [(0, b"1234567")] and came == []
    pipe.packet_came(b"")
    assert came == [b""]


def test_no_data_at_all_and_one_after_another(pipe, controller, clock, came):
    for value in (1, 2):
        pipe.submit(Transfer(0, 9, value, 0, done=came.append))
    clock.pass_time(MS)
    assert len(controller.setups) == 1
    pipe.packet_came(b"")
    assert len(controller.setups) == 1, "hosts pause between two transfers"
    clock.pass_time(MS)
    assert len(controller.setups) == 2
    pipe.packet_came(b"")
    assert came == [b"", b""] and pipe.idle


def test_whoever_is_told_may_ask_for_more(pipe, controller, clock, came):
    pipe.submit(Transfer(0, 5, 1, 0, done=lambda _: pipe.submit(Transfer(0, 9, 1, 0, done=came.append))))
    clock.pass_time(MS)
    pipe.packet_came(b"")
    clock.pass_time(MS)
    pipe.packet_came(b"")
    assert len(controller.setups) == 2 and came == [b""]


def test_a_refusal(pipe, controller, clock, came):
    pipe.submit(Transfer(IN, 6, 0x0600, 0, length=10, done=came.append))
    clock.pass_time(MS)
    pipe.check()
    assert came == []
    controller._ep_stall_arm = 1
    pipe.check()
    assert came == [None] and pipe.idle


def test_silence(pipe, clock, came):
    pipe.submit(Transfer(0, 9, 1, 0, done=came.append))
    clock.pass_time(MS)
    pipe.check()
    clock.pass_time(TIMEOUT_NANOS)
    pipe.check()
    assert came == [None]


def test_a_reset_forgets_everything(pipe, controller, clock, came):
    for _ in range(2):
        pipe.submit(Transfer(0, 9, 1, 0, done=came.append))
    pipe.reset()
    clock.pass_time(10 * MS)
    pipe.packet_came(b"")
    assert (controller.setups, came) == ([], []) and pipe.idle


def test_a_queue_without_end_is_refused(pipe, came):
    for _ in range(100):
        pipe.submit(Transfer(0, 9, 1, 0, done=came.append))
    assert came == [None] * 36
