"""The pty that stands for the emulated board's serial port."""

import os
import select
import threading
from pathlib import Path

import pytest
import serial

from harness.boards.emulator.port import Farewell, Port
from harness.deadline import Deadline


@pytest.fixture
def port():
    port = Port()
    yield port
    if port.name:
        port.close()


def readable(port):
    return bool(select.select([port.fd], [], [], 10)[0])


def test_knows_whether_somebody_has_it_open(port):
    assert not port.is_open()
    for _ in range(2):
        with serial.Serial(port.name):
            assert port.is_open()
        assert not port.is_open()


def test_what_a_client_left_is_still_read(port):
    with serial.Serial(port.name) as client:
        client.write(b"\x00\n\r\x03\xff")
    assert port.is_open()
    assert port.read() == b"\x00\n\r\x03\xff"
    assert not port.is_open()
    assert port.read() == b""


def test_bytes_pass_unchanged_both_ways(port):
    every = bytes(range(256))
    with serial.Serial(port.name, timeout=10) as client:
        assert port.write(every) == 256
        assert client.read(256) == every
        client.write(every)
        assert readable(port)
        assert port.read() == every


def test_a_client_that_does_not_read_is_noticed_and_not_waited_for(port):
    with serial.Serial(port.name):
        written = 0
        while now := port.write(b"x" * 4096):
            written += now
        assert 4096 <= written < 1_000_000


def test_the_speed_is_the_clients(port):
    assert port.speed() == 115200
    with serial.Serial(port.name, baudrate=1200):
        assert port.speed() == 1200


def test_last_words_are_read_before_it_hangs_up(port):
    heard = bytearray()
    client = os.open(port.name, os.O_RDWR | os.O_NOCTTY)
    size = port.write(b"x" * 4096)
    farewell = Farewell(port, b"the end")
    assert not farewell.over()

    def listen():
        try:
            while data := os.read(client, 100):
                heard.extend(data)
        except OSError:
            pass

    listener = threading.Thread(target=listen)
    listener.start()
    deadline = Deadline(10)
    while not farewell.over():
        assert not deadline.expired()
    listener.join(10)
    os.close(client)
    assert heard == b"x" * size + b"the end"
    port.name = ""


def test_nobody_is_waited_for_who_is_not_there(port):
    assert Farewell(port, b"unheard").over()
    assert not Path(port.name).exists()
    port.name = ""
