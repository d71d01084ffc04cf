"""Elements of outputs over time, for plots."""

import numpy as np
import pytest

from harness.measure.compare import compare_sequences
from harness.measure.trace import MAX_POINTS, traces
from harness.models.quantization import Quantization


def sequence(values, shape=(1, 1), dtype=np.int8):
    return [(np.full(shape, value, dtype),) for value in values]


def traced(actual, expected, meaning=(None,)):
    difference = compare_sequences(actual, expected)
    return list(traces("reference", actual, expected, meaning, difference))


def test_values_are_real_ones_where_the_output_has_a_quantisation():
    (trace,) = traced(sequence([10, 20]), sequence([10, 21]), [Quantization(0.5, 10)])
    assert (trace.values, trace.expected) == ((0.0, 5.0), (0.0, 5.5))
    assert (trace.what, trace.output, trace.element, trace.first, trace.steps) == ("reference", 0, 0, 0, 2)


def test_what_is_no_finite_number_is_none():
    (trace,) = traced(sequence([np.nan, 1], dtype=np.float32), sequence([np.inf, 1], dtype=np.float32))
    assert (trace.values, trace.expected) == ((None, 1.0), (None, 1.0))


@pytest.mark.parametrize(
    ("differs", "first"), [(None, 0), (3, 0), (900, 900 - MAX_POINTS // 2), (1999, 2000 - MAX_POINTS)]
)
def test_a_long_sequence_is_kept_around_the_first_difference(differs, first):
    actual = sequence([0] * 2000)
    expected = sequence([0] * 2000)
    if differs is not None:
        expected[differs] = (np.full((1, 1), 5, np.int8),)
    (trace,) = traced(actual, expected)
    assert (trace.first, len(trace.values), trace.steps) == (first, MAX_POINTS, 2000)
    if differs is not None:
        assert trace.expected[differs - first] == 5.0


def test_the_element_that_differs_is_among_the_first_ones():
    expected = sequence([0, 0], (3, 4))
    expected[1][0][2, 3] = 7
    assert [trace.element for trace in traced(sequence([0, 0], (3, 4)), expected)] == [0, 1, 11]


def test_sequences_of_other_shapes_are_drawn_as_far_as_they_go():
    assert traced(sequence([1]), []) == []
    (trace,) = traced(sequence([1, 2]), sequence([1]))
    assert (trace.values, trace.expected) == ((1.0, 2.0), (1.0,))
