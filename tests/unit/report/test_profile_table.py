"""The operators of an invoke as a table."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from harness.measure.profile import OpTime, Profile
from harness.report.profile import profile_json, profile_table

OPS = (
    OpTime(0, "CONV_2D", 60.0, macs=1000, depth=0),
    OpTime(1, "IF", 40.0, depth=0),
    OpTime(2, "FULLY_CONNECTED", 30.0, macs=500, depth=1),
)


def lines(profile: Profile, width: int = 80) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width, highlight=False).print(profile_table("m", profile))
    return [line.rstrip() for line in text.getvalue().splitlines()]


def test_macs_and_cycles_per_mac_stand_beside_the_times() -> None:
    title, head, _, *rows = lines(Profile(OPS, 125_000_000, repeats=5))
    assert title == "operators of m, one invoke, median of 5: 0.100 ms"
    assert head.split() == ["#", "operator", "time", "share", "MACs", "cycles/MAC"]
    assert [row.split() for row in rows] == [
        ["0", "CONV_2D", "60.00", "us", "60.0%", "1,000", "7.50"],
        ["1", "IF", "40.00", "us", "40.0%", "-", "-"],
        ["2", "FULLY_CONNECTED", "30.00", "us", "30.0%", "500", "7.50"],
        ["all", "0.100", "ms", "100.0%", "1,500", "8.33"],
    ]
    # What the IF runs stands indented below it.
    assert rows[2].index("FULLY") == rows[1].index("IF") + 2


def test_without_a_clock_there_are_no_cycles_and_without_macs_no_columns_for_them() -> None:
    assert lines(Profile(OPS))[1].split() == ["#", "operator", "time", "share", "MACs"]
    assert lines(Profile(OPS[1:2], 125_000_000))[1].split() == ["#", "operator", "time", "share"]


@pytest.mark.parametrize(("depth", "said"), [(None, True), (0, False)])
def test_operators_that_could_not_be_matched_are_said_to_be_so(depth: int | None, said: bool) -> None:
    shown = lines(Profile((OpTime(0, "ADD", 1.0, depth=depth),)))
    assert ("not certain which operators of the model these are: no MACs" in shown) == said


def test_what_is_cut_off_is_in_the_sum() -> None:
    shown = lines(Profile(tuple(OpTime(index, "CONV_2D", 1.0, macs=2, depth=0) for index in range(70)), 1_000_000))
    assert ["6", "more", "6.000", "us", "8.6%", "12", "-"] in [line.split() for line in shown]
    assert shown[-1].split() == ["all", "70.00", "us", "100.0%", "140", "0.50"]


def test_json_has_every_operator() -> None:
    told = json.loads(json.dumps(profile_json(Profile(OPS, 125_000_000))))
    assert (told["us"], told["macs"], told["matched"]) == (100.0, 1500, True)
    assert told["ops"][0] == {
        "index": 0,
        "name": "CONV_2D",
        "depth": 0,
        "us": 60.0,
        "share": 0.6,
        "macs": 1000,
        "cycles": 7500.0,
        "cycles_per_mac": 7.5,
    }
    assert told["ops"][1]["macs"] is None
