"""The line of C that a person copies."""

from dataclasses import replace

import pytest

from harness.measure.arena import Arena
from harness.measure.arena_sizing import ArenaSizing
from harness.measure.measurement import Conditions
from harness.measure.sizing import Outcome, Probe, Window

PICO = Conditions("pico", "E661", "tflm", "RP2040", 125_000_000, 32, "4f1c2aa", "90b983c", "GCC 12.2.1", "pico", "K")
SIZING = ArenaSizing(
    model="lstm",
    sha256="0123456789abcdef",
    conditions=PICO,
    arena=Arena(212_992, 2100, 600, 1500, {}, 32, 3360),
    available=212_992,
    predicted=3200,
    probes=(Probe(3360, Outcome.WORKS), Probe(3344, Outcome.WRONG, "step 1")),
    steps=4,
)


def test_the_line_has_the_figures_and_the_conditions():
    assert SIZING.c_line == (
        "alignas(16) static uint8_t tensor_arena[3872];  // lstm: needs 3,360 B, and 15 % headroom, 2,100 B stay used; "
        "pico, RP2040, TFLM 90b983c, K, GCC 12.2.1; model 01234567"
    )


def test_the_line_says_what_else_it_holds_for():
    line = replace(SIZING, resource_variables=2, preserve_all_tensors=True, headroom=0.1).c_line
    assert "tensor_arena[3696];  // lstm: needs 3,360 B, and 10 % headroom," in line
    assert ", 2 resource variables, preserving all tensors; pico" in line
    assert ", 1 resource variable;" in replace(SIZING, resource_variables=1).c_line


def test_nobody_takes_a_hosts_figures_for_a_picos():
    host = replace(PICO, kind="host", pointer_bits=64)
    assert "//  NOT" not in SIZING.c_line
    assert ";  // NOT FOR A PICO: 64-bit pointers; lstm: needs" in replace(SIZING, conditions=host).c_line


def test_a_device_cannot_go_on_with_the_comment_on_the_next_line():
    odd = replace(PICO, compiler="GCC \\")
    assert "\\" not in replace(SIZING, conditions=odd).c_line


def test_figures_that_tflm_does_not_tell_are_left_out():
    unknown = replace(SIZING.arena, used=None, head=None, tail=None)
    assert "lstm: needs 3,360 B, and 15 % headroom; pico" in replace(SIZING, arena=unknown).c_line


@pytest.mark.parametrize(("available", "fits"), [(3872, True), (3871, False)])
def test_whether_it_fits_is_asked_with_the_headroom(available, fits):
    assert replace(SIZING, available=available).fits is fits


def test_windows_of_wrong_outputs():
    assert SIZING.wrong == (Window(3344, 3344),)
