"""Comparison of arrays and sequences, with literal numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.errors import Misuse
from harness.measure.compare import EXACT, Difference, Tolerance, compare, compare_sequences

NAN, INF = float("nan"), float("inf")


def found(actual: Any, expected: Any, tolerance: Tolerance = EXACT) -> Difference:
    difference = compare(actual, expected, tolerance)
    assert difference is not None
    return difference


def f32(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def i8(*values: int) -> np.ndarray:
    return np.array(values, np.int8)


# --- integers -------------------------------------------------------------------------------------------------------


def test_equal() -> None:
    assert compare(i8(1, 2), i8(1, 2)) is None


def test_int8_does_not_overflow() -> None:
    difference = found(i8(127, 0, -128), i8(-128, 0, 127))
    assert (difference.index, difference.actual, difference.expected) == ((0,), 127, -128)
    assert (difference.worst, difference.worst_lsb, difference.count, difference.size) == (255, 255, 2, 3)


@pytest.mark.parametrize(
    ("dtype", "low", "high", "distance"),
    [
        ("uint8", 0, 255, 255),
        ("int16", -32768, 32767, 65535),
        ("int32", -(2**31), 2**31 - 1, 2**32 - 1),
        ("int64", -(2**63), 2**63 - 1, 2**64 - 1),
        ("uint64", 0, 2**64 - 1, 2**64 - 1),
        ("int64", 2**53, 2**53 + 1, 1),
        ("bool", False, True, 1),
    ],
)
def test_distances_are_exact(dtype: str, low: int, high: int, distance: int) -> None:
    low_array, high_array = np.array([low], dtype), np.array([high], dtype)
    assert found(low_array, high_array).worst_lsb == distance
    assert found(high_array, low_array).worst_lsb == distance
    assert type(found(low_array, high_array).worst) is int


def test_lsb() -> None:
    actual, expected = i8(1, 3, -128), i8(2, 1, 127)
    assert compare(i8(1, 3), i8(2, 1), Tolerance(lsb=2)) is None
    difference = found(actual, expected, Tolerance(lsb=1))
    assert (difference.index, difference.count, difference.worst_lsb) == ((1,), 2, 255)
    assert compare(actual, expected, Tolerance(lsb=10**30)) is None


def test_atol_for_integers() -> None:
    assert compare(i8(-128), i8(-100), Tolerance(atol=28)) is None
    assert found(i8(-128), i8(-100), Tolerance(atol=27.5)).worst == 28


def test_lsb_is_for_integers() -> None:
    with pytest.raises(Misuse, match="LSB for float32 values"):
        compare(f32(1), f32(1), Tolerance(lsb=1))


# --- floats ---------------------------------------------------------------------------------------------------------


def test_float_difference() -> None:
    difference = found(f32(1.0, 2.5, 4.0), f32(1.0, 2.0, 3.0))
    assert (difference.index, difference.actual, difference.expected) == ((1,), 2.5, 2.0)
    assert (difference.worst, difference.worst_lsb, difference.count, difference.size) == (1.0, None, 2, 3)


@pytest.mark.parametrize("tolerance", [EXACT, Tolerance(atol=0.5), Tolerance(rtol=0.5), Tolerance(atol=1.0, rtol=1.0)])
class TestNotFinite:
    def test_nan_equals_nan(self, tolerance: Tolerance) -> None:
        assert compare(f32(NAN, 1), f32(NAN, 1), tolerance) is None

    @pytest.mark.parametrize(("actual", "expected"), [(NAN, 1.0), (1.0, NAN), (NAN, INF), (INF, NAN)])
    def test_nan_differs_from_a_number(self, tolerance: Tolerance, actual: float, expected: float) -> None:
        difference = found(f32(0, actual), f32(0, expected), tolerance)
        assert (difference.index, difference.worst, difference.count) == ((1,), INF, 1)

    def test_infinity(self, tolerance: Tolerance) -> None:
        assert compare(f32(INF, -INF), f32(INF, -INF), tolerance) is None
        assert found(f32(INF), f32(-INF), tolerance).worst == INF
        assert found(f32(1.0), f32(INF), tolerance).worst == INF
        assert found(f32(INF), f32(1.0), tolerance).worst == INF


def test_signed_zeros_are_equal() -> None:
    assert compare(f32(0.0), f32(-0.0)) is None


@pytest.mark.parametrize(
    ("tolerance", "equal"),
    [
        (Tolerance(atol=0.5), True),
        (Tolerance(atol=0.4375), False),
        (Tolerance(rtol=0.25), True),
        (Tolerance(rtol=0.21875), False),
        (Tolerance(atol=0.25, rtol=0.125), True),
        (Tolerance(atol=0.25, rtol=0.1171875), False),
    ],
)
def test_tolerances(tolerance: Tolerance, equal: bool) -> None:
    assert (compare(f32(2.5), f32(2.0), tolerance) is None) is equal


def test_rtol_is_of_the_expected_value() -> None:
    assert compare(f32(2.0), f32(4.0), Tolerance(rtol=0.5)) is None
    assert compare(f32(4.0), f32(2.0), Tolerance(rtol=0.5)) is not None


def test_other_floats() -> None:
    assert found(np.array([1.0], np.float16), np.array([1.5], np.float16)).worst == 0.5
    assert found(np.array([1e308]), np.array([-1e308])).worst == INF
    assert found(np.array([3j]), np.array([4.0 + 0j])).worst == 5.0


# --- shapes ---------------------------------------------------------------------------------------------------------


def test_index_has_all_dimensions() -> None:
    expected = np.zeros((2, 3, 4), np.int8)
    actual = expected.copy()
    actual[1, 2, 3] = 5
    actual[1, 0, 2] = -3
    difference = found(actual, expected)
    assert (difference.index, difference.actual, difference.worst_lsb) == ((1, 0, 2), -3, 5)
    # C order, whatever the memory's.
    assert found(np.asfortranarray(actual), expected).index == (1, 0, 2)


def test_scalars() -> None:
    assert compare(np.array(3, np.int8), np.array(3, np.int8)) is None
    difference = found(np.array(3, np.int8), np.array(5, np.int8), Tolerance(lsb=1))
    assert (difference.index, difference.worst_lsb) == ((), 2)
    assert found(np.array(NAN), np.array(1.0), Tolerance(atol=1)).worst == INF


def test_empty() -> None:
    assert compare(np.zeros((0, 3)), np.zeros((0, 3))) is None


@pytest.mark.parametrize(
    ("actual", "expected", "reason"),
    [
        (np.zeros(4), np.zeros((1, 4)), "shape [1, 4] expected, [4] came"),
        (np.zeros(4, np.int8), np.zeros(4, np.uint8), "dtype uint8 expected, int8 came"),
        (np.zeros(4), np.zeros(4, np.float32), "dtype float32 expected, float64 came"),
    ],
)
def test_mismatches(actual: np.ndarray, expected: np.ndarray, reason: str) -> None:
    for tolerance in (EXACT, Tolerance(lsb=1)):
        difference = found(actual, expected, tolerance)
        assert (difference.reason, difference.index, str(difference)) == (reason, None, reason)


def test_byte_order_is_no_difference() -> None:
    assert compare(np.array([1, 2], ">i2"), np.array([1, 2], "<i2")) is None


def test_no_numbers() -> None:
    with pytest.raises(Misuse, match="arrays of numbers"):
        compare(np.array(["a"]), np.array(["a"]))


def test_text() -> None:
    assert str(found(i8(1, 53), i8(1, 12))) == "at [1] 12 expected, 53 came; 1 of 2 elements differ, by at most 41 LSB"
    assert str(found(f32(1.5), f32(1.0))) == "at [0] 1.0 expected, 1.5 came; 1 of 1 elements differ, by at most 0.5"


# --- tolerances -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"atol": -1},
        {"atol": NAN},
        {"rtol": INF},
        {"rtol": True},
        {"atol": "1"},
        {"lsb": -1},
        {"lsb": 1.5},
        {"lsb": True},
    ]
    + [{"lsb": 1, "atol": 1.0}, {"lsb": 1, "rtol": 1.0}],
)
def test_nonsense(arguments: dict[str, Any]) -> None:
    with pytest.raises(Misuse):
        Tolerance(**arguments)


@pytest.mark.parametrize(
    ("tolerance", "text"),
    [
        (EXACT, "exactly equal"),
        (Tolerance(lsb=2), "within 2 LSB"),
        (Tolerance(atol=1e-6), "within 1e-06"),
        (Tolerance(rtol=0.001), "within 0.001 * |expected|"),
        (Tolerance(atol=1e-6, rtol=0.001), "within 1e-06 + 0.001 * |expected|"),
    ],
)
def test_describe(tolerance: Tolerance, text: str) -> None:
    assert tolerance.describe() == text


# --- sequences ------------------------------------------------------------------------------------------------------


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
        "at [1] 0 expected, 7 came; 1 of 2 elements differ, by at most 7 LSB\n"
        "2 of 6 steps differ, 3 of 18 elements, by at most 8 LSB\n"
        "step 0 ..#.#."
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
