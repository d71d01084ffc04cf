import re

import pytest

from harness.record.figures import Kind
from harness.regression.comparability import ACCEPTABLE, RULES, compare_conditions
from tests.support.documents import DOCS, rows, section
from tests.support.runs import PICO, board, figure

UNDER = figure("latency.median").measured_under()


@pytest.mark.parametrize("kind", Kind)
def test_equal_conditions_compare_without_a_word(kind):
    compared = compare_conditions(kind, UNDER, dict(UNDER))
    assert (compared.refused, compared.marked) == ((), ())


@pytest.mark.parametrize(
    ("name", "other", "memory", "time", "quality"),
    [
        ("kind", "pico", "refused", "refused", "refused"),
        ("chip", "RP2350", "refused", "refused", "marked"),
        ("pointer_bits", "64", "refused", "refused", "marked"),
        ("engine", "loopback", "refused", "refused", "refused"),
        ("clock_hz", "133000000", "", "refused", ""),
        ("compiler", "GCC 14", "marked", "refused", "marked"),
        ("tflm", "1234567", "marked", "refused", "marked"),
        ("kernels", "CMSIS-NN -O2, LSTM of CMSIS-NN", "marked", "refused", "marked"),
        ("target", "pico_w", "", "marked", ""),
        ("model", "cd" * 32, "refused", "refused", "refused"),
        ("setup", "warm-up 5", "refused", "refused", "marked"),
        ("harness", "0.2.0", "marked", "marked", "marked"),
        ("build", "b2", "", "", ""),
    ],
)
def test_what_another_condition_does(name, other, memory, time, quality):
    for kind, expected in ((Kind.MEMORY, memory), (Kind.TIME, time), (Kind.QUALITY, quality)):
        compared = compare_conditions(kind, UNDER, {**UNDER, name: other})
        assert bool(compared.refused) == (expected == "refused"), kind
        assert bool(compared.marked) == (expected == "marked"), kind


def test_the_words_name_both_sides():
    compared = compare_conditions(Kind.TIME, UNDER, {**UNDER, "clock_hz": "133000000", "model": "cd" * 32})
    assert compared.refused == ("clock_hz 125 MHz -> 133 MHz", "model abababababab -> cdcdcdcdcdcd")


@pytest.mark.parametrize("name", ACCEPTABLE)
def test_what_is_accepted_is_marked_instead(name):
    other = {**UNDER, name: "1"}
    assert compare_conditions(Kind.TIME, UNDER, other).refused
    compared = compare_conditions(Kind.TIME, UNDER, other, [name])
    assert not compared.refused and len(compared.marked) == 1


def test_another_kind_of_board_or_pointer_cannot_be_accepted():
    assert not {"kind", "pointer_bits"} & set(ACCEPTABLE)


def test_another_pico_is_marked_for_times_and_another_process_is_not():
    pico = figure("latency.median", conditions=PICO).measured_under()
    assert compare_conditions(Kind.TIME, pico, {**pico, "serial": "F000"}).marked == ("serial E661 -> F000",)
    assert not compare_conditions(Kind.MEMORY, pico, {**pico, "serial": "F000"}).marked
    assert not compare_conditions(Kind.TIME, UNDER, {**UNDER, "serial": "F000"}).marked


def test_what_an_older_report_does_not_tell_is_marked_not_refused():
    compared = compare_conditions(Kind.TIME, {**UNDER, "compiler": ""}, UNDER)
    assert compared.marked == ("compiler unknown -> GCC 12.2.1",) and not compared.refused


def test_no_clock_is_another_clock():
    unclocked = figure("latency.median", conditions=board(clock_hz=None)).measured_under()
    assert compare_conditions(Kind.TIME, UNDER, unclocked).refused == ("clock_hz 125 MHz -> none",)


def test_the_document_has_the_same_table():
    text = section((DOCS / "regressions.md").read_text("utf-8"), "## What may be compared")
    told = {re.findall(r"`([a-z_]+)`", row[0])[0]: row[1:4] for row in rows(text) if row[0].startswith("`")}
    expected = {name: [rules[kind].value for kind in Kind] for name, rules in RULES.items()}
    assert {name: [cell.strip() for cell in cells] for name, cells in told.items()} == expected
