"""Shares, cycles and MACs of a profile, with literal numbers."""

from __future__ import annotations

import pytest

from harness.errors import Misuse
from harness.measure.profile import OpTime, Profile, median_of

CONV = OpTime(0, "CONV_2D", 60.0, macs=1000, depth=0)
CALL = OpTime(1, "IF", 40.0, depth=0)
INSIDE = OpTime(2, "FULLY_CONNECTED", 30.0, macs=500, depth=1)
PROFILE = Profile((CONV, CALL, INSIDE), clock_hz=125_000_000)


def test_what_runs_inside_of_another_operator_is_counted_once() -> None:
    assert PROFILE.microseconds == 100.0
    assert [PROFILE.share(op) for op in PROFILE.ops] == [0.6, 0.4, 0.3]


def test_cycles_and_macs() -> None:
    assert PROFILE.cycles(CONV) == 7500.0
    assert PROFILE.cycles_per_mac_of(CONV) == 7.5
    assert PROFILE.cycles_per_mac_of(CALL) is None
    assert PROFILE.macs == 1500
    assert PROFILE.cycles_per_mac == pytest.approx(12_500 / 1500)


def test_what_is_not_known_is_none_and_not_0() -> None:
    host = Profile((CONV,))
    assert (host.cycles(CONV), host.cycles_per_mac, host.macs) == (None, None, 1000)
    unknown = Profile((OpTime(0, "ADD", 1.0),), clock_hz=1)
    assert (unknown.macs, unknown.cycles_per_mac, unknown.matched) == (None, None, False)
    # One that computes nothing, such as with an empty tensor.
    assert Profile((OpTime(0, "CONV_2D", 1.0, macs=0, depth=0),), clock_hz=1).cycles_per_mac is None


def test_the_median_of_several_invokes() -> None:
    invokes = [(OpTime(0, "ADD", us), OpTime(1, "MUL", 2 * us)) for us in (1.0, 9.0, 2.0)]
    assert [op.microseconds for op in median_of(invokes)] == [2.0, 4.0]


def test_invokes_that_ran_other_operators_have_no_median() -> None:
    with pytest.raises(Misuse, match="profiled invoke 1 ran other operators than the first: 2 and 1"):
        median_of([(CONV, CALL), (CONV,)])
