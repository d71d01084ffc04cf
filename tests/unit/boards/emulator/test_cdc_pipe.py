"""The serial port's bulk packets."""

import pytest

from harness.boards.emulator.cdc_pipe import CdcPipe
from harness.boards.emulator.descriptors import Cdc
from tests.unit.boards.emulator.fake_usb import Clock, Controller

CDC = Cdc(control=0, incoming=2, outgoing=3, packet=64)
IN_CONTROL = 0x80 + 8 * 2
OUT_CONTROL = 0x84 + 8 * 3


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def controller():
    return Controller()


@pytest.fixture
def came():
    return []


@pytest.fixture
def pipe(controller, clock, came):
    pipe = CdcPipe(controller, clock, came.append)
    pipe.open(CDC)
    return pipe


def test_nothing_is_sent_to_a_device_without_room_nor_from_a_host_without_bytes(pipe, controller, clock):
    pipe.buffer_came(3, 64)
    clock.pass_time(1e6)
    assert controller.given == []
    pipe.send(b"x" * 200)
    assert controller.given == [(3, b"x" * 64)]
    clock.pass_time(1e6)
    assert controller.given == [(3, b"x" * 64)]
    assert pipe.backlog == 136


def test_bytes_go_in_packets_and_in_order(pipe, controller, clock):
    data = bytes(range(256)) * 40
    pipe.send(data)
    while pipe.backlog:
        pipe.buffer_came(3, 64)
        clock.pass_time(1e5)
    assert b"".join(packet for _, packet in controller.given) == data
    assert {len(packet) for _, packet in controller.given} == {64}


def test_a_device_with_two_buffers_gets_one_packet_at_a_time(pipe, controller, clock):
    pipe.buffer_came(3, 64)
    pipe.buffer_came(3, 64)
    pipe.send(b"a" * 64 + b"b" * 64)
    assert len(controller.given) == 1
    clock.pass_time(1e5)
    assert [packet for _, packet in controller.given] == [b"a" * 64, b"b" * 64]


def test_a_buffer_smaller_than_a_packet_is_not_overfilled(pipe, controller):
    pipe.buffer_came(3, 8)
    pipe.send(b"0123456789")
    assert controller.given == [(3, b"01234567")]


def test_packets_of_the_serial_port_and_of_nothing_else(pipe, came):
    pipe.packet_came(2, b"abc")
    pipe.packet_came(1, b"notification")
    pipe.packet_came(2, b"")
    assert came == [b"abc"]


def test_a_host_that_does_not_read_leaves_the_packet_with_the_device(pipe, controller):
    controller.dpram_updated(IN_CONTROL, 0x8440)
    assert controller.updates == []
    pipe.read(True)
    assert controller.updates == [IN_CONTROL]
    controller.dpram_updated(IN_CONTROL, 0x8440)
    assert controller.updates == [IN_CONTROL] * 2
    pipe.read(False)
    pipe.read(True)
    assert controller.updates == [IN_CONTROL] * 2, "there was nothing to be caught up with"


def test_other_endpoints_are_served_all_the_same(pipe, controller):
    for offset in (0x80, 0x84, OUT_CONTROL):
        controller.dpram_updated(offset, 0)
    controller.dpram_updated(0x100, 0)
    controller.dpram_updated(0x10, 0)
    assert controller.updates == [0x80, 0x84, OUT_CONTROL]


def test_a_reset_takes_everything_with_it(pipe, controller, clock, came):
    pipe.send(b"lost")
    controller.dpram_updated(IN_CONTROL, 0)
    pipe.reset()
    pipe.read(True)
    pipe.packet_came(2, b"late")
    pipe.buffer_came(3, 64)
    clock.pass_time(1e6)
    assert (controller.given, controller.updates, came, pipe.backlog) == ([], [], [], 0)
