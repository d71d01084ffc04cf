"""Findings in words: values, steps, and since when."""

from __future__ import annotations

import math
import re

from harness.history.changes import Change
from harness.measure.duration import format_duration
from harness.regression.comparability import shown
from harness.regression.judge import Finding

# Of a change: what one looks for first.
_CAUSES = ("tflm", "compiler", "kernels", "model", "clock_hz", "setup", "harness", "target", "serial")
_LABELS = {"build": "firmware build", "tflm": "TFLM", "clock_hz": "clock", "serial": "board"}
_NUMBER = re.compile(r"\.([2-9]|[1-9][0-9]+)$")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def plain_name(name: str) -> str:
    """A figure's name without the number of the session: "arena.used" of "arena.used.2"."""
    return _NUMBER.sub("", name)


def value_in_words(value: float | None, unit: str) -> str:
    """A value with its unit: "1,056 B", "18.80 us", "0.925"."""
    if value is None:
        return "-"
    if unit == "us":
        return format_duration(value)
    return f"{value:,.0f} B" if unit == "B" else f"{value:.6g}"


def step_in_words(finding: Finding) -> str:
    """By how much a figure moved: "+7.0 % (+1.316 us)"."""
    return moved(finding.before, finding.now, finding.unit)


def moved(before: float | None, now: float | None, unit: str) -> str:
    """The step between two values, as a share and as it is; "" if there are not two."""
    if before is None or now is None or before == now:
        return ""
    delta = now - before
    if unit == "B":
        absolute = f"{delta:+,.0f} B"
    elif unit == "us":
        absolute = ("+" if delta > 0 else "-") + format_duration(abs(delta))
    else:
        absolute = f"{delta:+.4g}"
    return absolute if not before else f"{percent(delta / abs(before))} ({absolute})"


def percent(share: float) -> str:
    """A signed share in percent, with two figures at least: "+7.0 %", "+0.013 %"."""
    number = abs(share * 100)
    decimals = 1 if number >= 1 or number == 0 else min(6, 1 - math.floor(math.log10(number)))
    return f"{share * 100:+,.{decimals}f} %"


def since_in_words(change: Change | None) -> str:
    """A change-point: "since Tuesday 2026-11-17, firmware build X, +7.0 %"; "" if it is not known.

    The build is named if it was another one than the night before, and so are compiler, TFLM and the rest.
    """
    if change is None:
        return ""
    when = change.first.when
    parts = [f"since {_DAYS[when.weekday()]} {when:%Y-%m-%d}"]
    differing = {name: (old, new) for name, old, new in change.differing or differing_of(change)}
    build = change.first.conditions.get("build", "")
    if build:
        parts.append(f"firmware build {build}" + ("" if "build" in differing else " (the same as before)"))
    for name in _CAUSES:
        if name in differing and not (name == "serial" and change.first.conditions.get("kind") != "pico"):
            old, new = (shown(name, text) for text in differing[name])
            parts.append(f"{_LABELS.get(name, name)} {old} -> {new}")
    if change.relative is not None:
        parts.append(percent(change.relative))
    return ", ".join(parts)


def differing_of(change: Change) -> tuple[tuple[str, str, str], ...]:
    """The conditions that differ between the nights around a change."""
    last, first = change.last.conditions, change.first.conditions
    return tuple((name, last.get(name, ""), first[name]) for name in sorted(first) if first[name] != last.get(name, ""))


def sparkline(values: list[float]) -> str:
    """A row of blocks, one per value, from the least to the greatest."""
    blocks = "▁▂▃▄▅▆▇█"
    low, high = min(values), max(values)
    if low == high:
        return blocks[0] * len(values)
    return "".join(blocks[round((value - low) / (high - low) * (len(blocks) - 1))] for value in values)
