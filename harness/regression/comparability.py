"""Whether two figures may be compared: what each kind of figure depends on.

The same table stands in docs/regressions.md, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from harness.record.figures import Kind


class Rule(Enum):
    """What a difference of a condition does to a comparison."""

    FREE = "free"
    MARKED = "marked"
    REFUSED = "refused"


_FREE, _MARKED, _REFUSED = Rule.FREE, Rule.MARKED, Rule.REFUSED

# Memory: structures of other pointers have other sizes; another compiler or TFLM may lay them out otherwise, which is
# what one wants to hear of. Time: all that makes code or clock differ. Quality: predictions depend on kernels alone.
RULES: Mapping[str, Mapping[Kind, Rule]] = {
    "kind": {Kind.MEMORY: _REFUSED, Kind.TIME: _REFUSED, Kind.QUALITY: _REFUSED},
    "chip": {Kind.MEMORY: _REFUSED, Kind.TIME: _REFUSED, Kind.QUALITY: _MARKED},
    "pointer_bits": {Kind.MEMORY: _REFUSED, Kind.TIME: _REFUSED, Kind.QUALITY: _MARKED},
    "engine": {Kind.MEMORY: _REFUSED, Kind.TIME: _REFUSED, Kind.QUALITY: _REFUSED},
    "clock_hz": {Kind.MEMORY: _FREE, Kind.TIME: _REFUSED, Kind.QUALITY: _FREE},
    "compiler": {Kind.MEMORY: _MARKED, Kind.TIME: _REFUSED, Kind.QUALITY: _MARKED},
    "tflm": {Kind.MEMORY: _MARKED, Kind.TIME: _REFUSED, Kind.QUALITY: _MARKED},
    "kernels": {Kind.MEMORY: _MARKED, Kind.TIME: _REFUSED, Kind.QUALITY: _MARKED},
    "model": {Kind.MEMORY: _REFUSED, Kind.TIME: _REFUSED, Kind.QUALITY: _REFUSED},
    "setup": {Kind.MEMORY: _REFUSED, Kind.TIME: _REFUSED, Kind.QUALITY: _MARKED},
    "harness": {Kind.MEMORY: _MARKED, Kind.TIME: _MARKED, Kind.QUALITY: _MARKED},
    # Another type of Pico may have another flash memory behind the same chip.
    "target": {Kind.MEMORY: _FREE, Kind.TIME: _MARKED, Kind.QUALITY: _FREE},
    "serial": {Kind.MEMORY: _FREE, Kind.TIME: _MARKED, Kind.QUALITY: _FREE},
    # Another build is what one compares.
    "build": {Kind.MEMORY: _FREE, Kind.TIME: _FREE, Kind.QUALITY: _FREE},
}

# Serial numbers tell Picos apart; of a board that is a program they say which process it was.
_NO_SPECIMENS = frozenset(("host", "emulator"))
# What --accept takes: the differences that a person can know to be meant.
ACCEPTABLE = ("clock_hz", "compiler", "tflm", "kernels", "model", "setup", "chip", "engine")


@dataclass(frozen=True)
class Comparability:
    """How comparable two figures are.

    Attributes:
        refused: differences that forbid it, in words.
        marked: differences that must be told.
    """

    refused: tuple[str, ...] = ()
    marked: tuple[str, ...] = ()


def compare_conditions(
    kind: Kind, before: Mapping[str, str], now: Mapping[str, str], accepted: Collection[str] = ()
) -> Comparability:
    """What two figures' conditions say about comparing them.

    A condition that one of both does not know is marked where it would be refused or marked: older reports have fewer.

    Args:
        kind: of the figures.
        before: conditions by name, "" where unknown.
        now: likewise.
        accepted: conditions whose difference is meant: marked instead of refused.
    """
    refused: list[str] = []
    marked: list[str] = []
    for name, rules in RULES.items():
        was, came = before.get(name, ""), now.get(name, "")
        if was == came or rules[kind] is Rule.FREE or (name == "serial" and now.get("kind") in _NO_SPECIMENS):
            continue
        # Unknown clocks and set-ups are values of their own: a computer has no fixed clock, most tests no set-up.
        # But older JUnit files, which do not tell the harness's version, do not tell all of the set-up either.
        told = before.get("harness", "") and now.get("harness", "")
        known = bool(was and came) or name == "clock_hz" or (name == "setup" and bool(told))
        harmless = rules[kind] is Rule.MARKED or name in accepted or not known
        (marked if harmless else refused).append(f"{name} {shown(name, was)} -> {shown(name, came)}")
    return Comparability(tuple(refused), tuple(marked))


def shown(name: str, text: str) -> str:
    """A condition's value for people."""
    if not text:
        return "none" if name in ("clock_hz", "setup") else "unknown"
    if name == "clock_hz" and text.isdecimal():
        return f"{int(text) / 1e6:g} MHz"
    return text[:12] if name == "model" else text
