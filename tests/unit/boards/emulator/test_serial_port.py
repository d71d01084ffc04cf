"""What the device is told of whoever has its serial port open, and what passes between them."""

import os
import select
from pathlib import Path
from selectors import DefaultSelector

import pytest
import serial

from harness.boards.emulator.serial_port import SerialPort
from harness.deadline import Deadline


class Cdc:
    def __init__(self, events):
        self.events = events
        self.backlog = 0
        self.reading = False

    def read(self, wanted):
        self.reading = wanted
        self.events.append(("read", wanted))

    def send(self, data):
        self.backlog += len(data)
        self.events.append(("send", data))

    def discard(self):
        self.backlog = 0


class Usb:
    def __init__(self):
        self.events = []
        self.cdc = Cdc(self.events)
        self.settled = True

    def set_lines(self, asserted):
        self.events.append(("lines", asserted))
        self.settled = False

    def set_line_coding(self, baud):
        self.events.append(("speed", baud))
        self.settled = False


@pytest.fixture
def usb():
    return Usb()


@pytest.fixture
def selector():
    with DefaultSelector() as selector:
        yield selector


@pytest.fixture
def port(usb, selector):
    port = SerialPort(usb, selector)
    yield port
    port.vanish()
    deadline = Deadline(10)
    while port._farewells:
        assert not deadline.expired()
        port.serve()


def test_a_device_learns_of_a_client_before_it_hears_of_it(port, usb, selector):
    name = port.appear()
    port.serve()
    assert usb.events == [] and not selector.get_map()
    with serial.Serial(name, baudrate=9600) as client:
        client.write(b"ping\n")
        port.serve()
        assert usb.events == [("speed", 9600), ("lines", True), ("read", True)]
        assert port.patience == 0
        port.serve()
        assert len(usb.events) == 3
        usb.settled = True
        port.serve()
        assert usb.events[3:] == [("send", b"ping\n")]
        assert len(selector.get_map()) == 1
    port.serve()
    assert usb.events[4:] == [("lines", False), ("read", False)]
    assert not selector.get_map()


def test_a_device_that_takes_nothing_is_given_no_more(port, usb):
    with serial.Serial(port.appear()) as client:
        port.serve()
        usb.settled = True
        usb.cdc.backlog = 64 * 1024
        client.write(b"more")
        port.serve()
        assert ("send", b"more") not in usb.events
        usb.cdc.backlog = 0
        port.serve()
        assert usb.events[-1] == ("send", b"more")


def test_a_client_that_does_not_read_stops_the_device_and_loses_nothing(port, usb):
    client = os.open(port.appear(), os.O_RDWR | os.O_NOCTTY)
    try:
        port.serve()
        sent = 0
        while usb.cdc.reading:
            port.from_device(bytes([sent % 251]) * 64)
            sent += 1
            assert sent < 10_000
        heard = b""
        deadline = Deadline(10)
        while len(heard) < 64 * sent:
            assert not deadline.expired()
            if select.select([client], [], [], 0)[0]:
                heard += os.read(client, 65536)
            port.serve()
        assert heard == b"".join(bytes([number % 251]) * 64 for number in range(sent))
        assert usb.cdc.reading
    finally:
        os.close(client)


def test_what_was_said_to_nobody_is_not_told_to_the_next(port, usb):
    name = port.appear()
    port.from_device(b"unheard")
    with serial.Serial(name, timeout=0.2) as client:
        port.serve()
        port.from_device(b"heard")
        assert client.read(5) == b"heard"


def test_a_device_that_goes_hangs_up(port, usb, selector):
    name = port.appear()
    with serial.Serial(name, timeout=10) as client:
        port.serve()
        port.from_device(b"x" * 64)
        port.vanish()
        assert client.read(64) == b"x" * 64
        deadline = Deadline(10)
        while Path(name).exists():
            assert not deadline.expired()
            port.serve()
        with pytest.raises((serial.SerialException, OSError)):
            client.read(1)
    assert not selector.get_map()


def test_a_device_that_restarts_again_and_again_does_not_fill_the_table(port):
    files = Path("/proc/self/fd")
    before = len(list(files.iterdir()))
    clients = []
    try:
        for _ in range(40):
            clients.append(os.open(port.appear(), os.O_RDWR | os.O_NOCTTY))
            port.serve()
            port.from_device(b"not read")
            port.vanish()
        assert len(list(files.iterdir())) <= before + len(clients) + 10
    finally:
        for client in clients:
            os.close(client)
