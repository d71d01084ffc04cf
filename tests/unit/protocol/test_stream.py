import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.protocol.record import MAX_RECORD_BYTES, encode_record
from harness.protocol.stream import MAX_LINE_BYTES, CorruptRecord, LogLines, ReceivedRecord, StreamParser


def everything(items):
    """What was said, as a flat list: bytes for log lines, dicts for records, text for corrupt ones."""
    said = []
    for item in items:
        if isinstance(item, LogLines):
            said.extend(item.lines)
        elif isinstance(item, ReceivedRecord):
            said.append(item.record)
        else:
            said.append(item.reason)
    return said


def test_lines_and_records_come_out_in_their_order():
    parser = StreamParser()
    record = {"n": 0, "type": "reply", "x": [1, 2]}
    stream = b"first\n" + encode_record(record) + b"second\r\nthird"
    assert everything(parser.feed(stream)) == [b"first", record, b"second\r"]
    assert everything(parser.flush()) == [b"third"]


def test_a_record_starts_in_the_middle_of_an_unfinished_line():
    record = {"n": 1, "type": "event"}
    assert everything(StreamParser().feed(b"half a li" + encode_record(record))) == [b"half a li", record]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not JSON"),
        (b"[1]", "not a JSON object but list"),
        (b'{"n":-1,"type":"reply"}', "no record number"),
        (b'{"n":true,"type":"reply"}', "no record number"),
        (b'{"n":1.0,"type":"reply"}', "no record number"),
        (b'{"n":4294967296,"type":"reply"}', "no record number"),
        (b'{"n":1,"type":"boo"}', "no type among"),
        (b'{"n":1,"type":["reply"]}', "no type among"),
        (b'{"n":1,"type":"reply","x":NaN}', "NaN is not JSON"),
        (b'{"n":1,"type":"reply"', "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 10000, "not JSON"),
        (b"9" * 10000, "not JSON"),
    ],
)
def test_what_is_no_record_is_said_to_be_corrupt_and_the_stream_goes_on(text, reason):
    said = everything(StreamParser().feed(b"\x1e" + text + b"\nnext\n"))
    assert reason in said[0]
    assert said[1:] == [b"next"]


def test_a_record_cut_off_by_the_end_of_the_stream_is_corrupt():
    parser = StreamParser()
    assert parser.feed(b'last words\x1e{"n":') == []
    assert everything(parser.flush()) == [b"last words", "cut off by the end of the stream"]


def test_an_endless_record_is_given_up_and_the_next_line_is_read():
    parser = StreamParser()
    items = []
    for _ in range(100):
        items += parser.feed(b"\x1e" + b"{" * 5000 if not items and not parser.pending else b"{" * 5000)
        assert parser.pending <= MAX_LINE_BYTES + 1
    items += parser.feed(b'\nnext\n\x1e{"n":3,"type":"reply"}\n')
    said = everything(items)
    assert said == [f"record longer than {MAX_RECORD_BYTES} bytes", b"next", {"n": 3, "type": "reply"}]


@settings(max_examples=300)
@given(st.data())
def test_however_the_stream_is_cut_the_same_comes_out(data):
    log = st.binary(max_size=40).map(lambda b: b.replace(b"\x1e", b"").replace(b"\n", b"") + b"\n")
    record = st.dictionaries(st.sampled_from(["a", "b"]), st.integers() | st.text(max_size=5)).map(
        lambda fields: encode_record({"n": 5, "type": "data", **fields})
    )
    pieces = data.draw(st.lists(log | record, max_size=8))
    stream = b"".join(pieces)
    whole = StreamParser()
    expected = everything(whole.feed(stream)) + everything(whole.flush())
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    parser = StreamParser()
    said = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        said += everything(parser.feed(stream[start:end]))
    assert said + everything(parser.flush()) == expected
    assert len(expected) == len(pieces)


def mutated_streams():
    """Streams that were good before somebody changed, cut out, or put in some bytes."""
    good = b"tensor arena: 2100 bytes\n" + b"".join(
        encode_record({"n": n, "type": "data", "id": n, "verb": "invoke", "ticks": [1, 2, 3]}) for n in range(3)
    )

    def mutate(changes):
        stream = bytearray(good)
        for place, kind, byte in changes:
            at = place % (len(stream) + 1)
            if kind == 0:
                stream.insert(at, byte)
            elif kind == 1 and at < len(stream):
                stream[at] = byte
            else:
                del stream[at : at + byte]
        return bytes(stream)

    change = st.tuples(st.integers(0, 10_000), st.integers(0, 2), st.integers(0, 255))
    return st.lists(change, min_size=1, max_size=12).map(mutate)


@settings(max_examples=10_000, deadline=None)
@given(st.binary(max_size=300) | mutated_streams(), st.integers(1, 64))
def test_no_stream_raises_or_grows(stream, step):
    parser = StreamParser()
    kept = 0
    for start in range(0, len(stream), step):
        for item in parser.feed(stream[start : start + step]):
            if isinstance(item, ReceivedRecord):
                assert json.loads(item.raw) == item.record
                kept += len(item.raw)
            elif isinstance(item, CorruptRecord):
                assert item.reason
                kept += len(item.raw)
            else:
                kept += sum(map(len, item.lines))
        assert parser.pending <= MAX_LINE_BYTES + 1
    for item in parser.flush():
        kept += len(item.raw) if isinstance(item, CorruptRecord) else sum(map(len, item.lines))
    # Nothing is lost but separators and line feeds.
    assert kept == len(stream) - stream.count(b"\n") - stream.count(b"\x1e")
