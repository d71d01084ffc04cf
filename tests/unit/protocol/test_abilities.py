"""Abilities that not every device has, as the client asks for them."""

import pytest

from harness.errors import DeviceTimeout, Misuse, ProtocolError
from harness.protocol.client import Client
from harness.protocol.devicelog import DeviceLog
from harness.protocol.link import Link
from harness.protocol.transport import SerialTransport
from tests.support.fake_device import FakeDevice

IDENTITY = {
    "protocol": 1,
    "engine": "tflm",
    "board": "pico",
    "serial": "1",
    "chip": "RP2040",
    "clock_hz": 125000000,
    "pointer_bits": 32,
    "build": "b",
    "tflm": "t",
    "compiler": "c",
    "arena_max": 1,
    "pack_crc": "00000000",
}


@pytest.fixture
def connect():
    """A client for a device with these features, and the lines that it was sent; `answers` has fields by verb."""
    opened = []

    def start(*features, **answers):
        lines = []

        def answer(device, line):
            lines.append(line.decode())
            verb = line.split()[0].decode()
            fields = {**IDENTITY, "features": features} if verb == "identify" else answers.get(verb, {})
            device.write(device.record("reply", line, **fields))

        device = FakeDevice(answer)
        client = Client(Link(SerialTransport(device.port), DeviceLog()))
        opened.extend([client, device])
        return client, lines

    yield start
    for thing in opened:
        thing.close()


def invoke(client, **arguments):
    return client.invoke(1, warmup=0, repeats=1, profile=False, seconds=10, **arguments)


USES = {
    "clock": lambda client: client.clock(),
    "pause": lambda client: client.pause(1),
    "relink": lambda client: client.relink(),
    "work": lambda client: client.work(True),
    "log": lambda client: client.log_lines(1),
    "feed": lambda client: invoke(client, feed=((0, 0),)),
    "quiet": lambda client: invoke(client, quiet=True),
}


@pytest.mark.parametrize("ability", USES)
def test_a_device_that_lacks_an_ability_is_not_asked_for_it(connect, ability):
    """One of before would pass over the argument, and the test would see numbers of something else."""
    client, lines = connect(*(set(USES) - {ability}))
    with pytest.raises(Misuse, match=f"`{ability}`"):
        USES[ability](client)
    assert [line.split()[0] for line in lines] == ["identify"]
    assert client.usable


def test_what_is_sent(connect):
    client, lines = connect(*USES, pause={"us": 2_000_500}, work={"rounds": 7})
    assert client.pause(2) == 2.0005
    assert client.work(True) == 7
    client.log_lines(3, length=20)
    with pytest.raises(ProtocolError, match="1 durations expected|Object missing"):
        invoke(client, feed=((1, 0), (0, 2)), copy="direct", quiet=False)
    assert [line.rpartition(" #")[0] for line in lines[1:]] == [
        "pause ms=2000",
        "work on=1",
        "log lines=3 bytes=20",
        "invoke session=1 repeats=1 feed=1:0,0:2 copy=direct quiet=0",
    ]


def test_a_device_without_quiet_serves_its_link_anyway(connect):
    client, lines = connect()
    with pytest.raises(ProtocolError):
        invoke(client, quiet=False)
    assert "quiet" not in lines[-1]


@pytest.mark.parametrize("wrong", [{"tick_hz": 0}, {"overhead_ticks": -1}, {"resolution_ticks": "1"}])
def test_figures_that_are_none_are_refused(connect, wrong):
    right = {"tick_hz": 1000, "resolution_ticks": 1, "overhead_ticks": 0, "overhead_max_ticks": 2}
    assert connect("clock", clock=right)[0].clock().subtracted_ticks == 0
    with pytest.raises(ProtocolError):
        connect("clock", clock={**right, **wrong})[0].clock()


def test_a_device_that_does_not_detach_is_said(connect, monkeypatch):
    monkeypatch.setattr("harness.protocol.client._RESTART_SECONDS", 0.1)
    with pytest.raises(DeviceTimeout, match="to go away"):
        connect("relink")[0].relink()
