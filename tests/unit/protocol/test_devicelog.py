import sys

from harness.protocol.devicelog import MAX_BYTES, DeviceLog, Kind, printable


def test_newest_lines_are_the_last_ones_oldest_first():
    log = DeviceLog()
    log.add(Kind.LOG, [b"one", b"two"])
    log.add(Kind.RECORD, [b"{}"])
    log.add(Kind.LOG, [b"three"])
    assert log.newest(2) == ["two", "three"]
    assert log.newest(10) == ["one", "two", "three"]


def test_a_mark_cuts_a_slice_even_in_the_middle_of_a_batch():
    log = DeviceLog(clock=lambda: 12.5)
    log.add(Kind.LOG, [b"before"])
    mark = log.mark()
    log.add(Kind.COMMAND, [b"ping #1"])
    log.add(Kind.LOG, [b"a", b"b"])
    assert [(line.time, line.kind, line.text) for line in log.since(mark)] == [
        (12.5, Kind.COMMAND, "ping #1"),
        (12.5, Kind.LOG, "a"),
        (12.5, Kind.LOG, "b"),
    ]
    assert log.newest(5, since=mark) == ["a", "b"]
    assert [line.text for line in log.since(mark + 2)] == ["b"]


def test_the_ring_is_bounded_for_long_short_and_empty_lines():
    for line in (b"x" * 16_000, b"short", b""):
        log = DeviceLog()
        for _ in range(2000):
            log.add(Kind.LOG, [line] * 20)
        held = log.since(0)
        assert sum(len(line) + 60 for entry in held) <= MAX_BYTES + 20 * (len(line) + 60)
        assert sys.getsizeof(log._batches) < 1_000_000
        assert held


def test_what_is_shown_cannot_drive_a_terminal():
    shown = printable(b"\x1b[31mred\x07\x00\r\xff<script>\r")
    assert shown == "\\x1b[31mred\\x07\\x00\\r\\xff<script>"
    assert len(printable(b"y" * 100_000)) < 500


def test_a_sink_gets_every_batch_until_it_is_removed():
    log = DeviceLog()
    got = []
    remove = log.add_sink(lambda when, kind, lines: got.append((kind, lines)))
    log.add(Kind.LOG, [b"a"])
    remove()
    log.add(Kind.LOG, [b"b"])
    assert got == [(Kind.LOG, [b"a"])]
