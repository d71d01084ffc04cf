"""Comparison of arrays and sequences, with literal numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from harness.errors import Misuse
from harness.measure.compare import classes_of, compare, compare_sequences
from harness.measure.tolerance import EXACT, TOP_1, Tolerance
from tests.unit.measure.arrays import f32, found, i8

NAN, INF = float("nan"), float("inf")


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
    assert (
        str(found(i8(1, 53), i8(1, 12)))
        == "at [1] 12 expected, 53 came: 41 LSB; 1 of 2 elements differ, by at most 41 LSB"
    )
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


# --- by class -------------------------------------------------------------------------------------------------------


def test_classes_are_the_first_of_the_greatest() -> None:
    rows = np.array([[1, 3, 3], [5, 5, 5], [0, -1, -2], [-128, -128, 127]], np.int8)
    assert classes_of(rows).tolist() == [1, 0, 0, 2]
    assert classes_of(np.array([[0.0, NAN], [NAN, NAN], [-INF, -1.0]])).tolist() == [-1, -1, 1]
    assert classes_of(np.zeros((0, 3))).tolist() == []


def test_only_the_class_counts() -> None:
    assert compare(i8(0, 9, 1), i8(-5, 2, 1), TOP_1) is None
    # A tie is a class of its own kind: the first of the greatest.
    assert compare(i8(9, 9, 1), i8(9, 8, 1), TOP_1) is None
    assert compare(i8(8, 9, 1), i8(9, 9, 1), TOP_1) is not None
    assert compare(f32(NAN, 1), f32(2, NAN), TOP_1) is None
    difference = found(np.array([[0, 1], [3, 7], [5, 4]], np.int8), np.array([[0, 1], [9, 7], [4, 5]], np.int8), TOP_1)
    assert (difference.index, difference.expected, difference.actual, difference.scores) == ((1,), 0, 1, (3, 7))
    assert (difference.count, difference.size, difference.worst) == (2, 3, None)
    assert str(difference) == ("at [1] class 0 expected, class 1 came, whose values are 3 and 7; 2 of 3 classes differ")
    assert "no class (NaN) came" in str(found(f32(1, NAN), f32(1, 0), TOP_1))


@pytest.mark.parametrize("array", [np.array(3.0), f32(1), np.zeros((4, 1)), np.zeros((1, 2), np.complex64)])
def test_what_has_no_classes(array: np.ndarray) -> None:
    with pytest.raises(Misuse, match="at least two real values in its last axis"):
        compare(array, array, TOP_1)


@pytest.mark.parametrize("other", [{"lsb": 1}, {"atol": 1.0}, {"rtol": 1.0}])
def test_a_class_has_no_distance(other: dict[str, Any]) -> None:
    with pytest.raises(Misuse, match="by class"):
        Tolerance(top1=True, **other)
    assert TOP_1.describe() == "the same class"


# --- real values and pictures ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scale:
    scale: float
    zero_point: int


def test_real_values_are_told_where_integers_have_some() -> None:
    difference = compare(i8(1, 53), i8(1, 12), EXACT, Scale(0.5, 2))
    assert difference is not None
    assert (difference.real, difference.lsb) == ((5.0, 25.5), 41)
    assert "12 expected, 53 came: 41 LSB (5 and 25.5 as real values)" in str(difference)
    difference = compare(f32(1), f32(2), EXACT, Scale(0.5, 2))
    assert difference is not None and difference.real is None
    sequence = compare_sequences([[f32(1), i8(7)]], [[f32(1), i8(5)]], quantization=[None, Scale(2.0, 0)])
    assert sequence is not None and sequence.first.real == (10.0, 14.0)


def test_a_long_sequence_is_drawn_around_its_first_difference() -> None:
    expected = [[i8(step % 7)] for step in range(10_000)]
    actual = [*expected[:5000], *([i8(0)] for _ in range(5000))]
    lines = str(compare_sequences(actual, expected)).splitlines()
    assert "steps 4,992 to 5,055; e expected" in lines[-1]
    assert max(map(len, lines[1:])) <= 80
    assert len(lines) <= 30


def test_elements_beyond_the_tolerance_are_marked() -> None:
    expected = np.zeros((2, 50), np.int8)
    actual = expected.copy()
    actual[0, 3], actual[1, 40] = 1, 9
    text = str(compare_sequences([[actual]], [[expected]], Tolerance(lsb=1)))
    assert "element   0 " + "." * 64 + "\n" not in text
    assert "element  64 " + "." * 26 + "#" + "." * 9 in text
    assert "output 0, element by element:" in text


def test_a_sequence_compared_by_class_is_drawn_by_class() -> None:
    expected = [[i8(9, 1, 2)], [i8(1, 1, 9)], [i8(1, 1, 9)]]
    text = str(compare_sequences([expected[0], [i8(3, 1, 2)], expected[2]], expected, TOP_1))
    assert "class 2 expected, class 0 came, whose values are 2 and 3; 1 of 1 classes differ" in text
    assert "2 | e=\n" in text and "0 |=c\n" in text


@pytest.mark.parametrize("values", [[NAN, NAN, NAN], [INF, -INF, NAN], [1.7e308, -1.7e308, 0.0]])
def test_what_no_scale_holds_is_not_drawn(values: list[float]) -> None:
    text = str(compare_sequences([[np.array([v])] for v in values], [[np.array([2.0])]] * 3))
    assert "e expected" not in text or "nan" not in text
