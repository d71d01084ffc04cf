import os
import time
import tty

import pytest

from harness.deadline import Deadline
from harness.errors import DeviceCrashed, DeviceError, DeviceTimeout, LinkLost, ProtocolError, RecordLost
from harness.protocol.client import Client
from harness.protocol.devicelog import DeviceLog
from harness.protocol.link import Link
from harness.protocol.payload import crc32, crc_text, encode_chunk
from harness.protocol.transport import SerialTransport
from tests.support.fake_device import FakeDevice


@pytest.fixture
def connect():
    """A client for a device that answers each line with the given function."""
    opened = []

    def start(answer):
        device = FakeDevice(answer)
        client = Client(Link(SerialTransport(device.port), DeviceLog()))
        opened.extend([client, device])
        return client

    yield start
    for thing in opened:
        thing.close()


def test_a_reply_brings_its_data_records(connect):
    def answer(device, line):
        device.write(b"hello\n" + device.record("data", line, text="a") + device.record("data", line, text="b"))
        device.write(device.record("reply", line))

    assert connect(answer).help() == ["a", "b"]


def test_records_for_other_commands_are_passed_over(connect):
    def answer(device, line):
        device.write(
            device.record("reply", b"#4000000000") + device.record("event", line) + device.record("reply", line)
        )

    connect(answer).ping()


def test_an_error_record_carries_code_and_message(connect):
    client = connect(lambda device, line: device.write(device.record("error", line, code="no_session", message="gone")))
    with pytest.raises(DeviceError, match="no_session.*gone") as caught:
        client.ping()
    assert caught.value.code == "no_session"
    assert client.usable


def test_a_reported_crash_has_the_last_words(connect):
    def answer(device, line):
        device.write(b"arena: 12 bytes missing\n" + device.record("error", line, code="crashed", message="SIGSEGV"))

    with pytest.raises(DeviceCrashed, match="an answer to `ping #1` expected, the device crashed: SIGSEGV") as caught:
        connect(answer).ping()
    assert caught.value.log == ("arena: 12 bytes missing",)


def test_a_timeout_names_the_command_the_wait_and_the_newest_lines(connect):
    client = connect(lambda device, line: device.write(b"working on it\n"))
    with pytest.raises(DeviceTimeout) as caught:
        client.request("invoke", {"session": "1"}, seconds=1)
    text = str(caught.value)
    assert "`invoke session=1 #1`" in text
    assert "within 1 s" in text
    assert "| working on it" in text
    assert "busy or hangs" in text


def test_a_timeout_names_the_wait_of_the_call_that_the_command_is_a_part_of(connect):
    """However much of it is left for the command: what a person has set is what is named."""
    client = connect(lambda device, line: None)
    of_the_call = Deadline(0.1)
    while of_the_call.remaining() > 0.05:
        pass
    with pytest.raises(DeviceTimeout, match=r"within 0\.1 s"):
        client.request("invoke", {"session": "1"}, seconds=of_the_call)


def test_a_device_that_is_only_slow_is_told_from_a_dead_one(connect):
    def answer(device, line):
        if line.startswith(b"ping"):
            device.write(device.record("reply", line))

    client = connect(answer)
    with pytest.raises(DeviceTimeout, match="does answer `ping`"):
        client.request("invoke", seconds=0.1)


def test_after_a_timeout_nothing_is_taken_for_an_answer(connect):
    client = connect(lambda device, line: None)
    with pytest.raises(DeviceTimeout):
        client.ping(seconds=0.05)
    assert not client.usable
    with pytest.raises(ProtocolError, match="left without its answer"):
        client.ping()


def test_a_lost_data_record_fails_the_command_at_once(connect):
    def answer(device, line):
        device.write(device.record("data", line, text="a"))
        device.skip_number()
        device.write(device.record("reply", line))

    with pytest.raises(RecordLost, match="number 1 was expected, number 2 came"):
        connect(answer).help()


def test_a_lost_final_record_is_named_as_lost_and_not_as_a_timeout(connect):
    def answer(device, line):
        if line.startswith(b"ping"):
            device.write(device.record("reply", line))
        elif line.startswith(b"help"):
            device.skip_number()

    client = connect(answer)
    client.ping()
    with pytest.raises(RecordLost):
        client.request("help", seconds=0.1)


def test_a_broken_record_fails_the_command_and_shows_it(connect):
    def answer(device, line):
        device.write(device.record("reply", line) if line.startswith(b"ping") else b'\x1e{"n":1,"typ\n')

    client = connect(answer)
    client.ping()
    with pytest.raises(ProtocolError, match="broken record"):
        client.help()


def test_what_the_device_had_to_say_to_an_earlier_client_is_passed_over(connect):
    def answer(device, line):
        if line.startswith(b"ping #1"):
            device.write(b'lp","text":"x"}\n\x1e{"n":7,"type":"reply","id":1,"verb":"help"}\n\x1e{"n\n')
            device.write(b'\x1e{"n":9,"type":"reply","id":5,"verb":"ping"}\n')
        device.write(device.record("reply", line))

    client = connect(answer)
    client.ping()
    client.ping()


def output_answer(data, *, crc, cut=0):
    def answer(device, line):
        device.write(device.record("data", line, offset=0, b64=encode_chunk(data[: len(data) - cut])))
        device.write(device.record("reply", line, bytes=len(data), crc=crc))

    return answer


def test_an_output_is_checked_by_length_and_crc(connect):
    data = bytes(range(100))
    assert connect(output_answer(data, crc=crc_text(crc32(data)))).read_output(1, 0) == data
    flipped = bytes([data[0] ^ 1]) + data[1:]
    with pytest.raises(ProtocolError, match="CRC-32 .* announced, the bytes that came have"):
        connect(output_answer(flipped, crc=crc_text(crc32(data)))).read_output(1, 0)
    with pytest.raises(ProtocolError, match="100 bytes announced, 97 came"):
        connect(output_answer(data, crc=crc_text(crc32(data)), cut=3)).read_output(1, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"bytes": -1, "crc": "00000000"},
        {"bytes": "4", "crc": "00000000"},
        {"bytes": 4, "crc": "xyz"},
        {"bytes": 2**40, "crc": "00000000"},
    ],
)
def test_a_reply_with_bad_fields_is_a_protocol_error(connect, fields):
    client = connect(lambda device, line: device.write(device.record("reply", line, **fields)))
    with pytest.raises(ProtocolError, match="record 0"):
        client.read_output(1, 0)


def test_another_protocol_version_is_refused(connect):
    client = connect(lambda device, line: device.write(device.record("reply", line, protocol=2)))
    with pytest.raises(ProtocolError, match="version 1 expected, the device speaks 2"):
        client.identify()


def await_bytes(client, count):
    """Waits until the reader thread holds so many bytes of an unfinished line.

    A kernel throws away what a pty still holds when its other end closes at once; this keeps that out of the test.
    """
    deadline = Deadline(10)
    while client._link._parser.pending != count and not deadline.expired():
        os.sched_yield()


def test_a_port_that_dies_fails_the_waiting_call_within_50_ms_20_times_out_of_20(connect):
    died = []

    def answer(device, line):
        # Without its line feed, as when a device dies while it speaks.
        words = b"last words of number %d" % len(died)
        device.write(words)
        await_bytes(client, len(words))
        died.append(time.monotonic())
        device.hang_up()

    for number in range(20):
        client = connect(answer)
        with pytest.raises(LinkLost, match="`ping #1`.*hung up") as caught:
            client.ping(seconds=30)
        assert time.monotonic() - died[number] < 0.050
        assert caught.value.log[-1] == f"last words of number {number}"
        assert not client.usable


def test_a_port_that_died_between_two_calls_is_told_to_the_next(connect):
    def answer(device, line):
        device.write(device.record("reply", line) + b"and")
        await_bytes(client, 3)
        device.hang_up()

    client = connect(answer)
    client.ping()
    with pytest.raises(LinkLost):
        client.ping(seconds=30)


def test_a_flood_of_records_that_nobody_reads_is_not_kept(connect):
    def answer(device, line):
        device.write(b"".join(device.record("event", b"#0") for _ in range(30_000)))
        device.write(device.record("reply", line))

    client = connect(answer)
    client.ping(seconds=30)
    assert client._link._inbox.qsize() <= 10_001


def test_a_device_that_does_not_read_is_a_timeout():
    master, slave = os.openpty()
    tty.setraw(slave)
    client = Client(Link(SerialTransport(os.ttyname(slave)), DeviceLog()))
    try:
        with pytest.raises(DeviceTimeout, match="room to write"):
            client.request("input", payload=bytes(1_000_000), seconds=0.2)
    finally:
        client.close()
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize("categories", [False, True])
def test_categories_are_asked_for_only_if_wanted(connect, categories):
    """They cost a device arena, and `used` is to be what a product's interpreter uses."""
    lines = []

    def answer(device, line):
        lines.append(line)
        figures = {"session": 1, "arena": 1024, "used": 500, "head": 100, "tail": 400}
        device.write(device.record("reply", line, verb="open", **figures))

    opened = connect(answer).open(
        "m", arena=1024, preserve_all_tensors=False, resource_variables=0, categories=categories
    )
    assert opened.opened.categories == {}
    assert (b" categories=1 " in lines[0]) == categories


def test_a_crash_that_was_told_is_kept_with_the_connection(connect):
    identity = {
        "protocol": 1, "engine": "tflm", "board": "pico", "serial": "s", "chip": "RP2040", "clock_hz": 1,
        "pointer_bits": 32, "build": "b", "tflm": "t", "compiler": "c", "arena_max": 1, "pack_crc": "00000000",
    }  # fmt: skip
    crashes = [{"reason": "panic", "op": "SVDF", "detail": "text", "stack_left": 4, "new field": 1}, None]

    def answer(device, line):
        device.write(device.record("reply", line, verb="identify", crash=crashes.pop(0), **identity))

    client = connect(answer)
    told = client.identify().crash
    assert (told.reason, told.op, told.detail, told.stack_left) == ("panic", "SVDF", "text", 4)
    assert client.identify().crash is None
    assert client.crash == told, "a board that asked first must not lose it"


def test_a_device_that_does_not_restart_is_said(connect, monkeypatch):
    monkeypatch.setattr("harness.protocol.client._RESTART_SECONDS", 0.1)
    client = connect(lambda device, line: device.write(device.record("reply", line)))
    with pytest.raises(DeviceTimeout, match="to go away"):
        client.reboot()


def test_a_closed_client_says_so_at_once(connect):
    client = connect(lambda device, line: device.write(device.record("reply", line)))
    client.close()
    with pytest.raises(LinkLost, match="closed by this program"):
        client.ping(seconds=30)
