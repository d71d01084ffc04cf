"""TFLM's own words, as it prints them on a Pico (32-bit) and on this computer (64-bit)."""

import pytest

from harness.errors import ArenaTooSmall, InferenceFailed, UnsupportedOp
from harness.tflm.messages import explain_allocation


@pytest.mark.parametrize(
    ("line", "requested", "available", "missing"),
    [
        ("Failed to resize buffer. Requested: 1024, available 512, missing: 512", 1024, 512, 512),
        ("Failed to allocate tail memory. Requested: 272, available 80, missing: 192", 272, 80, 192),
        ("Failed to allocate temp memory. Requested: 64, available 16, missing: 48", 64, 16, 48),
        ("Failed to allocate tail memory. Requested: 8, available: 4, missing: 4", 8, 4, 4),
        # Below zero an unsigned 32-bit figure wraps: 8 bytes too many were taken already.
        ("Failed to allocate tail memory. Requested: 16, available 4294967288, missing: 24", 16, 0, 24),
    ],
)
def test_an_arena_that_is_too_small(line, requested, available, missing):
    error = explain_allocation([line], arena=2048)
    assert isinstance(error, ArenaTooSmall)
    assert (error.requested, error.available, error.missing) == (requested, available, missing)
    assert error.arena == 2048
    assert "an arena of 2,048 bytes is too small for the model" in error.message
    assert error.log == (line,)


def test_the_last_shortage_is_the_one_that_failed():
    lines = [
        "Failed to allocate temp memory. Requested: 1, available 0, missing: 1",
        "something else",
        "Failed to allocate tail memory. Requested: 272, available 80, missing: 192",
        "Failed to initialize Node 3",
    ]
    assert explain_allocation(lines, arena=1).missing == 192


@pytest.mark.parametrize(
    "line",
    [
        "Too many buffers (max is 12)",
        "Failed starting model allocation.",
        "Failed to allocate resource buffer for 3 variables",
    ],
)
def test_a_plan_that_does_not_fit(line):
    error = explain_allocation([line], arena=2048)
    assert isinstance(error, ArenaTooSmall)
    assert error.missing is None
    assert "too small for the model: " in error.message


def test_an_operator_that_is_not_there():
    error = explain_allocation(["Didn't find op for builtin opcode 'CONV_3D'", "Failed to get registration"], arena=1)
    assert isinstance(error, UnsupportedOp)
    assert error.name == "CONV_3D"
    assert error.message == "operator CONV_3D is not supported by this engine"
    error = explain_allocation(["Failed to get registration from op code ADD"], arena=1)
    assert (type(error), error.name) == (UnsupportedOp, "ADD")


def test_a_custom_operator_is_called_by_its_own_name():
    lines = ["Failed to get registration from op code CUSTOM"]
    assert explain_allocation(lines, arena=1, custom_ops=["MyOp"]).name == "MyOp (custom)"
    assert explain_allocation(lines, arena=1, custom_ops=["A", "B"]).name == "A or B (custom)"
    assert explain_allocation(lines, arena=1).name == "CUSTOM"


def test_a_missing_operator_comes_before_a_shortage():
    lines = [
        "Failed to allocate tail memory. Requested: 8, available 4, missing: 4",
        "Didn't find op for builtin opcode 'CONV_3D'",
    ]
    assert isinstance(explain_allocation(lines, arena=1), UnsupportedOp)


@pytest.mark.parametrize("lines", [[], ["Hello"], ["Requested: 8, available 4"], [f"Requested: {'9' * 400}"]])
def test_words_that_say_nothing_more(lines):
    error = explain_allocation(lines, arena=1)
    assert type(error) is InferenceFailed
    assert error.log == tuple(lines)
