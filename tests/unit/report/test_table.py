"""The table at the end of a run."""

import dataclasses
import json
import re

import pytest

from harness.measure.arena import Arena
from harness.measure.measurement import Comparison, Conditions, Measurement
from harness.measure.profile import OpTime
from harness.report.summary import SummaryTable, figures

HOST = Conditions("host", "host-0", "tflm", "x86_64 (Linux)", None, 64, "4f1c2aa0", "90b983c", "wheel 1")
PICO = Conditions("pico", "E6614103E7452D2F", "tflm", "RP2040", 125_000_000, 32, "4f1c2aa0", "90b983c", "gcc 13")


def measurement(model, *samples, conditions=HOST, used=2100, comparisons=()):
    arena = Arena(32 * 1024 * 1024, used, None, None, {}, conditions.pointer_bits)
    return Measurement(model, "00" * 32, conditions, arena, list(samples), list(comparisons))


def table(*tests):
    """A table of tests: (name, passed, measurements)."""
    summary = SummaryTable()
    for nodeid, passed, measurements in tests:
        # As between processes: only what a serialiser takes.
        summary.add(nodeid, passed, json.loads(json.dumps([figures(m) for m in measurements])))
    return summary


def cells(summary, width=160):
    """The table's rows, each a list of cells."""
    lines = summary.render(width, color=False).splitlines()
    rows = [re.split(r" {2,}", line.strip()) for line in lines]
    return [row for row in rows if len(row) in (7, 8)]


EVERYTHING = [
    ("a.yaml::fits", True, [measurement("lstm_resvar_int8", 900.0, 640.0, 644.0, 656.0)]),
    (
        "a.yaml::equal",
        True,
        [measurement("lstm_resvar_int8", 1.0, 645.0, comparisons=[Comparison("reference", 64, 64)])],
    ),
    (
        "a.yaml::lost",
        False,
        [measurement("lstm_seq_int8", 5.0, 271.0, used=1348, comparisons=[Comparison("reference", 1, 24)])],
    ),
    ("a.yaml::never invoked", True, [measurement("sine_int8", used=None)]),
]


def test_one_row_per_model():
    assert cells(table(*EVERYTHING)) == [
        ["model", "arena B", "cold", "median", "p95", "outputs", "verdict"],
        ["lstm_resvar_int8", "2,100", "450 us", "644 us", "654 us", "= 64/64", "pass"],
        ["lstm_seq_int8", "1,348", "5 us", "271 us", "271 us", "differ from reference 1/24", "FAIL 1/1"],
        ["sine_int8", "-", "-", "-", "-", "-", "pass"],
    ]


def test_a_difference_that_the_test_wanted_to_see_is_none():
    wanted = measurement("m", 1.0, comparisons=[Comparison("reference", 64, 64), Comparison("reference", 1, 24)])
    assert cells(table(("t", True, [wanted])))[1][5] == "= 64/64"


def test_80_columns_are_enough():
    text = table(*EVERYTHING).render(80, color=False)
    assert max(map(len, text.splitlines())) <= 80
    # Nothing is cut off, and no figure is broken in two.
    for whole in ("lstm_resvar_int8", "2,100", "644 us", "654 us", "FAIL 1/1", "differ from", "1/24"):
        assert whole in text
    assert "…" not in text


@pytest.mark.parametrize("width", [40, 20])
def test_a_narrow_terminal_wraps_the_lines_of_a_whole_table(width):
    assert table(*EVERYTHING).render(width, color=False) == table(*EVERYTHING).render(80, color=False)


def test_the_64_bit_note_stands_below_figures_of_the_host_only():
    note = "arena bytes of the host board are those of a 64-bit computer; a Pico needs fewer"
    assert table(*EVERYTHING).render(160, color=False).splitlines()[-1] == note
    pico = table(("t", True, [measurement("m", conditions=PICO)]))
    assert "64-bit" not in pico.render(160, color=False)
    both = table(("t", True, [measurement("m", conditions=PICO), measurement("m")]))
    assert note in both.render(160, color=False)
    assert [row[:2] for row in cells(both)[1:]] == [["m", "host-0"], ["m", "pico E6614103E7452D2F"]]


def test_one_failure_among_many_is_a_failure():
    tests = [(f"t{n}", n != 3, [measurement("m", 1.0)]) for n in range(6)]
    assert cells(table(*tests))[1][-1] == "FAIL 1/6"


def test_a_test_that_opens_a_model_twice_counts_once():
    assert cells(table(("t", False, [measurement("m"), measurement("m")])))[1][-1] == "FAIL 1/1"


def test_a_failure_belongs_to_the_models_of_its_test_only():
    rows = cells(table(("t", False, [measurement("a")]), ("u", True, [measurement("b")])))
    assert [row[-1] for row in rows[1:]] == ["FAIL 1/1", "pass"]


def test_the_smallest_arena_stands_beside_the_used_bytes_where_it_was_found():
    found = measurement("a", used=2100)
    found.arena = dataclasses.replace(found.arena, minimum=3360)
    unknown = measurement("c", used=None)
    unknown.arena = dataclasses.replace(unknown.arena, minimum=9696)
    header, *rows = cells(table(("t1", True, [found, measurement("a")]), ("t2", True, [measurement("b"), unknown])))
    assert header[1] == "arena / min B"
    assert [row[1] for row in rows] == ["2,100 / 3,360", "2,100", "- / 9,696"]


def test_of_arenas_that_differ_between_tests_the_least_is_shown():
    tests = [(f"t{n}", True, [measurement("m", used=used)]) for n, used in enumerate((2100, 1348, 2000))]
    assert cells(table(*tests))[1][1] == "1,348"


def test_the_first_cold_invoke_is_left_out_of_the_others_unless_it_is_the_only_one():
    assert cells(table(("t", True, [measurement("m", 9000.0, 10.0, 10.0)])))[1][2:5] == ["9 ms", "10 us", "10 us"]
    assert cells(table(("t", True, [measurement("m", 9000.0)])))[1][2:5] == ["9 ms", "9 ms", "9 ms"]


def test_a_bimodal_series_is_named_below_the_table():
    text = table(("t", True, [measurement("m", 9.0, *[100.0] * 70, *[150.0] * 30)])).render(80, color=False)
    assert "m has two modes: 70.0% around 0.100 ms, 30.0% around 0.150 ms" in text
    one = table(("t", True, [measurement("m", 9.0, *[100.0] * 100)])).render(80, color=False)
    assert "modes" not in one


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0.0, "0 us"),
        (0.64, "0.64 us"),
        (12.345, "12.3 us"),
        (999.4, "999 us"),
        (999.6, "1 ms"),
        (1234.0, "1.23 ms"),
        (999_400.0, "999 ms"),
        (999_600.0, "1 s"),
        (61_500_000.0, "61.5 s"),
        (3_600_000_000.0, "3,600 s"),
    ],
)
def test_durations_have_three_figures(us, text):
    assert cells(table(("t", True, [measurement("m", us)])))[1][2] == text


def test_an_empty_table():
    assert not SummaryTable()
    assert not table(("t", False, []))
    assert table(*EVERYTHING)


def test_color_is_in_terminals_only():
    plain = table(*EVERYTHING).render(80, color=False)
    colored = table(*EVERYTHING).render(80, color=True)
    assert "\x1b" not in plain
    assert "\x1b[" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain


def test_names_are_no_markup():
    board = dataclasses.replace(HOST, serial="[red]x[/red]")
    told = measurement("m", conditions=board)
    told.profile = (OpTime(0, "[blue]op[/blue]", 1.0),)
    text = table(("t", True, [told, measurement("m", conditions=PICO)])).render(160, color=True)
    assert "[red]x[/red]" in text
    assert "[blue]op[/blue]" in text


def test_several_boards_are_named_by_kind_and_serial_number():
    emulated = dataclasses.replace(PICO, kind="emulator", serial="59D67C21123DED5B")
    rows = cells(table(("t", True, [measurement("m", 1.0, conditions=on) for on in (HOST, PICO, emulated)])))
    assert [row[1] for row in rows] == ["board", "emulator 59D67C21123DED5B", "host-0", "pico E6614103E7452D2F"]


def test_a_profile_has_a_table_with_shares_in_order_of_execution():
    profiled = measurement("m", 60.0, conditions=PICO)
    profiled.profile = (OpTime(0, "CONV_2D", 45.0), OpTime(1, "SOFTMAX", 15.0))
    text = table(("t", True, [profiled, measurement("m", conditions=PICO)])).render(80, color=False)
    rows = [line.split() for line in text.split("operators of m, one invoke: 60.00 us")[1].splitlines()]
    assert [row for row in rows if row and row[0] in "01"] == [
        ["0", "CONV_2D", "45.00", "us", "75.0%"],
        ["1", "SOFTMAX", "15.00", "us", "25.0%"],
    ]


def test_a_profile_of_hundreds_of_operators_is_cut_and_says_so():
    profiled = measurement("m", 60.0)
    profiled.profile = tuple(OpTime(index, "ADD", 1.0) for index in range(200))
    text = table(("t", True, [profiled])).render(80, color=False)
    assert re.search(r"136 more +0.136 ms +68.0%", text)
    assert re.search(r"^63 +ADD", text, re.M)
    assert not re.search(r"^64 +ADD", text, re.M)
