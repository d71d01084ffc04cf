"""Records: numbers, ids, the fields that every device owes its host."""

import base64
import re
import struct
import zlib

import msgspec

from harness.protocol import messages
from tests.support.terminal import ARENA


def test_records_are_numbered_without_a_gap_and_repeat_id_and_verb(terminal):
    first = terminal.ask("ping")["n"]
    number = terminal.open()
    terminal.stage(number, b"\1")
    records = []
    for text in ("help #11", "models #11", f"invoke session={number} repeats=200 #11", "nosuch #11", "!! #11", "ping"):
        terminal.type(f"{text}\n")
        records += terminal.answer()
    assert all(record.get("id", 11) == 11 for record in records)
    assert [record["n"] for record in records] == list(range(records[0]["n"], records[0]["n"] + len(records)))
    assert records[0]["n"] > first
    assert "id" not in records[-1]
    assert records[0]["verb"] == "help"
    ticks = [record["ticks"] for record in records if "ticks" in record]
    assert [len(some) for some in ticks] == [64, 64, 64, 8]


def test_the_number_and_the_type_come_first_and_lines_end_with_one_line_feed(terminal):
    terminal.type("ping #3\n")
    line = terminal.line()
    assert re.fullmatch(rb'\x1e\{"n":[0-9]+,"type":"reply","id":3,"verb":"ping"\}', line)


def test_identify_tells_all_that_the_host_demands(terminal, target):
    final = terminal.ask("identify #2")
    identity = msgspec.convert(final, messages.Identity)
    assert identity.protocol == messages.PROTOCOL_VERSION
    assert identity.crash is None and "crash" in final
    assert identity.pack_crc == f"{target.models.crc:08x}"
    assert identity.arena_max >= 65536
    assert len(identity.build) >= 8
    same = terminal.ask("identify #3")
    same.pop("n"), same.pop("id"), final.pop("n"), final.pop("id")
    assert same == final


def test_models_lists_the_pack(terminal, target):
    terminal.type("models\n")
    *listed, final = terminal.answer()
    wanted = [(entry.name, len(entry.data), f"{entry.crc:08x}") for entry in target.models.entries]
    assert [(record["name"], record["bytes"], record["crc"]) for record in listed] == wanted
    assert final["count"] == len(wanted)


def test_open_tells_of_every_tensor_and_of_the_arena(terminal):
    terminal.type(f"open model=counter arena={ARENA} #4\n")
    *records, final = terminal.answer()
    tensors = [msgspec.convert(record, messages.Tensor) for record in records]
    opened = msgspec.convert(final, messages.Opened)
    order = [(tensor.of, tensor.index) for tensor in tensors]
    assert order == sorted(order)
    assert order[0] == ("input", 0) and ("output", 0) in order
    assert tensors[0].bytes == 4
    assert opened.arena == ARENA
    assert 0 < opened.used <= ARENA
    assert opened.used == opened.head + opened.tail


def test_an_arena_that_is_not_asked_for_is_all_there_is(terminal):
    final = terminal.ask("open model=small")
    assert final["type"] == "reply"
    assert final["arena"] > 65536
    assert terminal.ask("open model=small")["code"] == "no_arena"


def test_an_operator_profile_comes_with_the_durations(terminal, target):
    if "profile" not in terminal.ask("identify")["features"]:
        number = terminal.open()
        terminal.stage(number, b"\1")
        assert terminal.ask(f"invoke session={number} profile=1")["code"] == "unsupported"
        return
    number = terminal.open()
    terminal.stage(number, b"\1")
    terminal.type(f"invoke session={number} repeats=3 profile=1 #5\n")
    *records, final = terminal.answer()
    durations = [record for record in records if "op" not in record]
    assert [len(record["ticks"]) for record in durations] == [3]
    operators = [msgspec.convert(record, messages.OpTicks) for record in records if "op" in record]
    assert [each.op for each in operators] == list(range(len(operators)))
    assert final["count"] == 3


def test_a_whole_session_by_hand(terminal, target):
    counter = target.counter
    number = terminal.open("counter")
    for expected in counter.opened:
        assert terminal.stage(number, counter.data)["type"] == "reply"
        terminal.type(f"invoke session={number} repeats=1 #4\n")
        samples, final = terminal.answer()
        assert samples["type"] == "data" and samples["first"] == 0 and len(samples["ticks"]) == 1
        assert (final["session"], final["count"], final["tick_hz"], final["id"]) == (number, 1, target.tick_hz, 4)
        terminal.type(f"output session={number} index={counter.output}\n")
        chunk, final = terminal.answer()
        data = base64.b64decode(chunk["b64"], validate=True)
        assert (chunk["offset"], final["bytes"], final["crc"]) == (0, 4, f"{zlib.crc32(data):08x}")
        assert struct.unpack(counter.figure, data) == (expected,)


def test_what_the_engine_prints_stands_on_lines_of_its_own_before_the_error(terminal):
    terminal.type("open model=large arena=16 #12\n")
    items = terminal.answer()
    *log, error = items
    # The host's TFLM may crash of so little, which is an answer too.
    assert (error["type"], error["id"]) == ("error", 12)
    assert error["code"] in ("allocate_failed", "crashed")
    assert all(isinstance(line, bytes) and b"\x1e" not in line and line.strip() for line in log)
    assert log or error["code"] == "crashed"
