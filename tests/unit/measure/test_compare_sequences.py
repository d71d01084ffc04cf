"""Outputs of many steps: which step differs first, and the picture of all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.measure.compare import compare, compare_sequences
from harness.measure.tolerance import Tolerance
from tests.unit.measure.arrays import f32, i8

NAN, INF = float("nan"), float("inf")


def test_equal_sequences() -> None:
    steps = [[i8(1), f32(2)], [i8(3), f32(4)]]
    assert compare_sequences(steps, steps) is None
    assert compare_sequences([], []) is None


def test_state_lost() -> None:
    expected = [(i8(0, 0), i8(step)) for step in range(6)]
    actual = [(i8(0, 0), i8(step)) for step in range(6)]
    actual[2] = (i8(0, 7), i8(9))
    actual[4] = (i8(0, 0), i8(-4))
    difference = compare_sequences(actual, expected)
    assert difference is not None
    assert (difference.step, difference.output, difference.index) == (2, 0, (1,))
    assert (difference.actual, difference.expected) == (7, 0)
    assert difference.marks == "..#.#."
    assert difference.differing_steps == 2
    assert (difference.differing_elements, difference.elements) == (3, 18)
    assert (difference.worst, difference.worst_lsb) == (8, 8)
    assert str(difference) == (
        "first difference at step 2, output 0 (counted from 0): "
        "at [1] 0 expected, 7 came: 7 LSB; 1 of 2 elements differ, by at most 7 LSB\n"
        "2 of 6 steps differ, 3 of 18 elements, by at most 8 LSB\n"
        "step 0 ..#.#.\n"
        "output 0 of step 2:\n"
        "element 0 .#\n"
        "value at [1] of output 0:\n"
        "7 |  c\n"
        "  |\n"
        "  |\n"
        "  |\n"
        "  |\n"
        "  |\n"
        "  |\n"
        "  |\n"
        "0 |==e===\n"
        "  +------\n"
        "   steps 0 to 5; e expected, c came, = both"
    )


def test_worst_of_all_steps() -> None:
    difference = compare_sequences([[i8(100)], [i8(2), i8(3)]], [[i8(-100)], [i8(1), i8(1)]])
    assert difference is not None
    assert (difference.worst, difference.worst_lsb, difference.first.worst_lsb) == (200, 200, 200)
    difference = compare_sequences([[i8(1)], [i8(100)], [i8(2)]], [[i8(0)], [i8(-100)], [i8(0)]])
    assert difference is not None
    assert (difference.worst, difference.worst_lsb, difference.first.worst_lsb) == (200, 200, 1)


def test_tolerance_holds_for_sequences() -> None:
    assert compare_sequences([[i8(1)], [i8(2)]], [[i8(2)], [i8(4)]], Tolerance(lsb=2)) is None
    difference = compare_sequences([[i8(1)], [i8(2)]], [[i8(2)], [i8(4)]], Tolerance(lsb=1))
    assert difference is not None
    assert (difference.step, difference.marks) == (1, ".#")


def test_second_output_only() -> None:
    difference = compare_sequences([[i8(1), f32(1)]], [[i8(1), f32(NAN)]])
    assert difference is not None
    assert (difference.output, difference.worst, difference.worst_lsb) == (1, INF, None)


@pytest.mark.parametrize(
    ("actual", "expected", "marks", "step", "reason"),
    [
        (2, 4, "..--", 2, "4 steps expected, 2 came"),
        (4, 2, "..--", 2, "2 steps expected, 4 came"),
        (0, 1, "-", 0, "1 steps expected, 0 came"),
    ],
)
def test_other_number_of_steps(actual: int, expected: int, marks: str, step: int, reason: str) -> None:
    difference = compare_sequences([[i8(1)]] * actual, [[i8(1)]] * expected)
    assert difference is not None
    assert (difference.marks, difference.step, difference.output) == (marks, step, None)
    assert difference.first.reason == reason
    assert difference.differing_steps == len(marks) - marks.count(".")
    assert difference.worst is None
    assert reason in str(difference)


def test_a_difference_before_the_end_comes_first() -> None:
    difference = compare_sequences([[i8(1)], [i8(5)]], [[i8(1)], [i8(2)], [i8(3)]])
    assert difference is not None
    assert (difference.step, difference.marks, difference.actual) == (1, ".#-", 5)


def test_other_number_of_outputs() -> None:
    difference = compare_sequences([[i8(1)], [i8(1)]], [[i8(1)], [i8(1), i8(2)]])
    assert difference is not None
    assert (difference.step, difference.output, difference.marks) == (1, None, ".#")
    assert difference.first.reason == "2 outputs expected, 1 came"


def test_other_shape_in_a_step() -> None:
    difference = compare_sequences([[i8(1)], [i8(1, 2)]], [[i8(1)], [i8(1)]])
    assert difference is not None
    assert (difference.step, difference.output, difference.marks) == (1, 0, ".#")
    assert difference.first.reason == "shape [1] expected, [2] came"


def test_picture_wraps_and_stays_short() -> None:
    expected = [[i8(0)]] * 10_000
    actual = [[i8(0)]] * 70 + [[i8(1)]] * 9930
    difference = compare_sequences(actual, expected)
    assert difference is not None
    lines = difference.picture().splitlines()
    assert lines[0] == "step    64 ......" + "#" * 58
    assert lines[1] == "step   128 " + "#" * 64
    assert len(lines) == 9
    assert lines[8] == "... and 9,424 more steps"


def test_picture_of_65_steps() -> None:
    difference = compare_sequences([[i8(1)]] + [[i8(0)]] * 64, [[i8(0)]] * 65)
    assert difference is not None
    assert difference.picture() == "step  0 #" + "." * 63 + "\nstep 64 ."


kinds = st.sampled_from([np.int8, np.uint8, np.int16, np.int32, np.float32])


@settings(deadline=None)
@given(st.data(), kinds)
def test_agrees_with_numpy(data: st.DataObject, kind: Any) -> None:
    pair = arrays.arrays(kind, st.shared(arrays.array_shapes(max_dims=3, max_side=4), key="shape"))
    actual, expected = data.draw(pair), data.draw(pair)
    difference = compare(actual, expected)
    equal_nan = kind is np.float32
    assert (difference is None) == np.array_equal(actual, expected, equal_nan=equal_nan)
    close = compare(actual, expected, Tolerance(atol=1.0, rtol=0.5))
    with np.errstate(all="ignore"):
        wanted = np.isclose(
            actual.astype(np.float64), expected.astype(np.float64), atol=1.0, rtol=0.5, equal_nan=equal_nan
        )
    assert (0 if close is None else close.count) == int((~wanted).sum())
