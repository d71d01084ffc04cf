"""Optional abilities, as their users at a terminal meet them; a device that lacks one does not name it."""

import base64

import pytest

ABILITIES = {"feed", "pause", "relink", "work", "log", "clock"}


def test_they_are_named(terminal):
    assert set(terminal.ask("identify")["features"]) >= ABILITIES


@pytest.mark.parametrize(
    "line",
    [
        "pause",
        "pause ms=0",
        "pause ms=600001",
        "pause ms=x",
        "work",
        "work on=2",
        "log",
        "log lines=0",
        "log lines=1 bytes=11",
        "log lines=1 bytes=256",
    ],
)
def test_arguments_out_of_range_are_refused(terminal, line):
    assert terminal.ask(f"{line} #1")["code"] == "bad_argument"


def test_the_clock_has_a_step_and_a_price(terminal, target):
    told = terminal.ask("clock")
    assert told["tick_hz"] == target.tick_hz
    microsecond = target.tick_hz // 10**6
    assert 0 < told["resolution_ticks"] < 10 * microsecond
    assert 0 <= told["overhead_ticks"] <= told["overhead_max_ticks"]
    assert told["overhead_ticks"] + told["subtracted_ticks"] < 100 * microsecond


def test_a_pause_lasts_as_long_as_it_should_and_keeps_the_state(terminal, target):
    number = terminal.open("counter")
    terminal.stage(number, target.counter.data)
    assert terminal.ask(f"invoke session={number}")["type"] == "reply"
    told = terminal.ask("pause ms=30")
    assert told["us"] >= 30_000
    assert terminal.ask(f"invoke session={number}")["type"] == "reply"


@pytest.mark.parametrize(("number", "length"), [(1, 12), (40, 80), (7, 255)])
def test_log_lines_come_before_the_reply(terminal, number, length):
    terminal.type(f"log lines={number} bytes={length} #3\n")
    *lines, reply = terminal.answer()
    assert reply["type"] == "reply"
    assert [line.rstrip(b"\r") for line in lines] == [
        f"line {i:06d} ".encode().ljust(length - 1, b".")[: length - 1] for i in range(number)
    ]


def test_work_goes_on_beside_the_models_until_it_is_switched_off(terminal, target):
    number = terminal.open("counter")
    terminal.stage(number, target.counter.data)
    begun = terminal.ask("work on=1")["rounds"]
    assert terminal.ask(f"invoke session={number} repeats={target.repeats}")["type"] == "reply"
    assert terminal.ask("pause ms=50")["type"] == "reply"
    later = terminal.ask("work on=1")["rounds"]
    assert later > begun
    done = terminal.ask("work on=0")["rounds"]
    assert done >= later
    assert terminal.ask("work on=0")["rounds"] == done
    # Switched on again, it counts from the beginning.
    assert terminal.ask("work on=1")["rounds"] <= done
    assert terminal.ask("work on=0")["type"] == "reply"


def test_a_device_that_relinks_goes_and_comes_back_with_all_it_had(fresh, target):
    number = fresh.open("counter")
    fresh.stage(number, target.counter.data)
    assert fresh.ask(f"invoke session={number}")["type"] == "reply"
    last = fresh.ask("relink #7")
    assert (last["type"], last["id"]) == ("reply", 7)
    assert fresh.hangs_up()
    again = target.after_relink()
    told = again.ask("identify")
    assert told["crash"] is None
    # A device that had restarted would begin to count anew.
    assert told["n"] > last["n"]
    assert again.ask(f"invoke session={number}")["type"] == "reply"
    assert again.ask(f"close session={number}")["type"] == "reply"


def test_quiet_is_refused_where_it_cannot_be(terminal, target):
    number = terminal.open("counter")
    terminal.stage(number, target.counter.data)
    able = "quiet" in terminal.ask("identify")["features"]
    assert terminal.ask(f"invoke session={number} quiet=2")["code"] == "bad_argument"
    assert terminal.ask(f"invoke session={number} quiet=0")["type"] == "reply"
    told = terminal.ask(f"invoke session={number} quiet=1 repeats=3")
    assert told["type"] == "reply" if able else told["code"] == "unsupported"


def test_a_feed_of_outputs_that_do_not_fit_is_refused(terminal):
    number = terminal.open("small")
    terminal.stage(number, b"x")
    for feed in ("0", "0:0,0:0", "9:0", "0:9", "0:0,", ":"):
        assert terminal.ask(f"invoke session={number} feed={feed}")["code"] == "bad_argument", feed
    assert terminal.ask(f"invoke session={number} feed=0:0 copy=other")["code"] == "bad_argument"
    for copy in ("staged", "direct"):
        told = terminal.ask(f"invoke session={number} feed=0:0 copy={copy} repeats=3")
        assert told["count"] == 3
        assert told["feed_ticks"] > 0


def test_a_feed_takes_back_what_the_host_would(terminal):
    """The same outputs, whoever carries them to the input."""
    number = terminal.open("small")

    def output():
        terminal.type(f"output session={number} index=0\n")
        return terminal.answer()[0]["b64"]

    by_device = []
    for repeats in (1, 2, 3):
        terminal.stage(number, b"\x05")
        terminal.ask(f"invoke session={number} feed=0:0 repeats={repeats}")
        by_device.append(output())
    by_host, data = [], b"\x05"
    for _ in range(3):
        terminal.stage(number, data)
        terminal.ask(f"invoke session={number}")
        by_host.append(output())
        data = base64.b64decode(by_host[-1])
    assert by_device == by_host
