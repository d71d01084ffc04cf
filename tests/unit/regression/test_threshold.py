import re

import pytest

from harness.record.figures import Spread
from harness.regression.defaults import default_threshold, less_is_worse
from harness.regression.errors import ThresholdError
from harness.regression.threshold import EXACT, WATCH, parse_threshold
from tests.support.documents import DOCS, rows, section


@pytest.mark.parametrize(
    ("text", "before", "allowed"),
    [
        ("exact", 1000, 0),
        ("+2 %", 1000, 20),
        ("+2%", 1000, 20),
        ("-0.5 %", 0.9, 0.0045),
        ("-0.5 pp", 0.9, 0.005),
        ("±1 %", -200, 2),
        ("+-1 %", 200, 2),
        ("+64 B", 1000, 64),
        ("+ 1.5 KiB", 1000, 1536),
        ("+3 ms", 1000, 3000),
        ("+3 ns", 1000, 0.003),
        ("+0.01", 0.5, 0.01),
        # Of several parts the one that allows most: the floor counts for tiny figures, the share for large ones.
        ("+100 % or +20 us", 0.7, 20),
        ("+100 % or +20 us", 700, 700),
        ("  +2 %   or  +64 B ", 100, 64),
    ],
)
def test_what_a_text_allows(text, before, allowed):
    assert parse_threshold(text).allowed(before) == pytest.approx(allowed)


def test_watch_allows_everything():
    assert parse_threshold("watch") == WATCH
    assert WATCH.allowed(1) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2 %",
        "+2 % or",
        "+2 percent",
        "+2 %, +64 B",
        "+2 % or -64 B",
        "+2 % or +3 %",
        "+1e3 B",
        "+nan %",
        "++2 %",
        "exact or +2 %",
        "EXACT",
        "+1_000 B",
        "+٣ %",
        "+2 %" * 100,
        5,
        None,
        ["+2 %"],
    ],
)
def test_what_is_no_threshold(text):
    with pytest.raises(ThresholdError, match=r"threshold|expected") as caught:
        parse_threshold(text)
    assert "+2 % or +64 B" in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("text", "unit", "less", "message"),
    [
        ("+64 B", "us", False, "'+64 B': a figure in us"),
        ("+2 us", "B", False, "a figure in B"),
        ("-1 pp", "B", True, "a figure in B"),
        ("-2 %", "B", False, "more is worse for this figure"),
        ("+2 %", "", True, "less is worse for this figure"),
    ],
)
def test_a_threshold_of_another_figure_is_refused(text, unit, less, message):
    with pytest.raises(ThresholdError, match=message.replace("+", r"\+")):
        parse_threshold(text).check(unit=unit, less_is_worse=less)


@pytest.mark.parametrize(("text", "unit", "less"), [("±1 %", "", True), ("±1 B", "B", False), ("spread", "us", False)])
def test_a_threshold_that_fits(text, unit, less):
    threshold = parse_threshold(text)
    assert threshold.check(unit=unit, less_is_worse=less) is threshold
    assert threshold.both_ways == ("±" in text)


def test_spread_is_three_standard_errors_of_the_difference():
    # Intervals of 3.92 and 2.94 us are standard errors of 1 and 0.75 us; together 1.25.
    before, now = Spread(100, 5.0, 98.04, 101.96), Spread(100, 5.0, 100.0, 102.94)
    threshold = parse_threshold("spread or +0.5 %")
    assert threshold.allowed(100, before, now) == pytest.approx(3.75)
    assert threshold.allowed(1000, before, now) == 5
    # Of a run with few samples nothing is known; the other part is left.
    for unknown in (None, Spread(3, 0.1)):
        assert threshold.allowed(100, before, unknown) == 0.5
        assert threshold.allowed(100, unknown, now) == 0.5


@pytest.mark.parametrize("name", ["arena.used", "arena.minimum.2", "model.bytes", "latency.median", "op.003.CONV_2D"])
def test_more_is_worse(name):
    assert not less_is_worse(name)


@pytest.mark.parametrize(
    ("name", "less"),
    [
        ("accuracy.top1", True),
        ("accuracy.r2", True),
        ("accuracy.agrees.2", True),
        ("outputs.reference", True),
        ("accuracy.mae", False),
        ("accuracy.rmse.2", False),
    ],
)
def test_which_way_predictions_are_worse(name, less):
    assert less_is_worse(name) is less


@pytest.mark.parametrize(
    ("name", "board", "text"),
    [
        ("latency.median", "emulator", "exact"),
        ("latency.max", "emulator", "exact"),
        ("op.000.CONV_2D", "emulator", "exact"),
        ("arena.used", "host", "exact"),
        ("arena.used", "pico", "exact"),
        ("accuracy.top1", "host", "exact"),
        ("latency.median.2", "host", "+100 % or +20 us"),
        ("latency.p95", "host", "watch"),
        ("latency.median", "pico", "spread or +0.5 % or +1 us"),
        ("latency.cold", "pico", "+5 % or +10 us"),
        ("latency.max", "pico", "watch"),
        ("op.001.ADD", "pico", "+2 % or +6 us"),
    ],
)
def test_the_default_of_each_kind(name, board, text):
    assert default_threshold(name, board).text == text
    assert (text == "exact") == (default_threshold(name, board) == EXACT)


PAGE = (DOCS / "regressions.md").read_text("utf-8")


def test_every_text_of_the_document_is_a_threshold():
    listed, defaults = section(PAGE, "## Thresholds").split("| | emulator")
    texts = [text for row in rows(listed) for text in re.findall(r"`([^`]+)`", row[0])]
    assert len(texts) > 8 and all(parse_threshold(text).text == text for text in texts)


def test_the_document_has_the_defaults():
    table = "| | emulator" + section(PAGE, "## Thresholds").split("| | emulator")[1]
    told = rows(table)
    assert len(told) == 7
    for names, *cells in told:
        for name in re.findall(r"`([^`]+)`", names):
            for board, cell in zip(("emulator", "host", "pico"), cells, strict=True):
                assert f"`{default_threshold(name.replace('*', 'x'), board).text}`" == cell, (name, board)
