"""Descriptors of a USB device: those of a Pico's serial port, and broken ones."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.boards.emulator.descriptors import (
    Cdc,
    DescriptorInvalid,
    configuration_bytes,
    read_configuration,
    read_device,
    read_string,
)


def interface(number, endpoints, kind):
    return bytes([9, 4, number, 0, endpoints, *kind, 0])


def endpoint(address, attributes=2, packet=64):
    return struct.pack("<BBBBHB", 7, 5, address, attributes, packet, 0)


def configuration(*items, value=1):
    body = b"".join(items)
    return struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 3, value, 0, 0x80, 125) + body


CONTROL = interface(0, 1, (2, 2, 0)) + bytes([5, 0x24, 0, 0x20, 1]) + bytes([5, 0x24, 6, 0, 1]) + endpoint(0x81, 3, 8)
DATA = interface(1, 2, (10, 0, 0)) + endpoint(0x02) + endpoint(0x82)
RESET = interface(2, 0, (0xFF, 0, 1))


def test_finds_a_picos_serial_port_and_its_reset_interface():
    found = read_configuration(configuration(CONTROL, DATA, RESET))
    assert found.value == 1
    assert found.cdc() == Cdc(control=0, incoming=2, outgoing=2, packet=64)
    assert found.reset_interface() == 2


def test_takes_the_numbers_from_the_descriptors():
    control = interface(3, 0, (2, 2, 1)) + bytes([5, 0x24, 6, 3, 5])
    other = interface(4, 2, (10, 0, 0)) + endpoint(0x01) + endpoint(0x81)
    data = interface(5, 2, (10, 0, 0)) + endpoint(0x07, packet=32) + endpoint(0x89)
    found = read_configuration(configuration(control, other, data, value=4))
    assert found.value == 4
    assert found.cdc() == Cdc(control=3, incoming=9, outgoing=7, packet=32)
    assert found.reset_interface() is None


@pytest.mark.parametrize(
    "items",
    [
        [RESET],
        [CONTROL],
        [DATA],
        [CONTROL, interface(1, 1, (10, 0, 0)) + endpoint(0x82)],
        [CONTROL, interface(1, 2, (10, 0, 0)) + endpoint(0x82, 3) + endpoint(0x02, 3)],
        [CONTROL, interface(7, 2, (10, 0, 0)) + endpoint(0x82) + endpoint(0x02)],
    ],
    ids=["no CDC", "no data", "no control", "one direction", "not bulk", "data of another"],
)
def test_says_when_there_is_no_serial_port(items):
    assert read_configuration(configuration(*items)).cdc() is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        configuration(CONTROL)[:8],
        configuration(CONTROL)[:-1],
        configuration(CONTROL) + b"\0",
        configuration(b"\0\0"),
        configuration(b"\x01\x05"),
        configuration(bytes([200, 4])),
        struct.pack("<BBHBBBBB", 9, 2, 5000, 1, 1, 0, 0, 0),
    ],
)
def test_refuses_broken_configurations(data):
    with pytest.raises(DescriptorInvalid, match="expected|announced"):
        read_configuration(data)


def test_reads_a_device_and_its_strings():
    data = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x200, 0xEF, 2, 1, 64, 0x2E8A, 0x000A, 0x100, 1, 2, 3, 1)
    device = read_device(data)
    assert (device.vendor, device.product, device.serial_index) == (0x2E8A, 0x000A, 3)
    assert read_string(b"\x0a\x03" + "E66\n".encode("utf-16-le")) == "E66?"
    with pytest.raises(DescriptorInvalid):
        read_device(data[:-1])
    with pytest.raises(DescriptorInvalid):
        read_string(b"\x09\x03abc")


@given(st.binary(max_size=200))
def test_nothing_else_than_its_own_error_comes_of_garbage(data):
    for read in (read_device, read_string, configuration_bytes, read_configuration):
        with contextlib.suppress(DescriptorInvalid):
            read(data)
    body = struct.pack("<BBHBBBBB", 9, 2, 9 + len(data), 1, 1, 0, 0, 0) + data
    with contextlib.suppress(DescriptorInvalid):
        read_configuration(body).cdc()
