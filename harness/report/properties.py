"""A test's figures as properties of its JUnit testcase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from harness.measure.latency import Latency
from harness.measure.measurement import Measurement
from harness.measure.profile import Profile
from harness.record.text import line
from harness.report.latency import modes_in_words, outliers_in_words

PREFIX = "tflm."


def properties(measurements: Iterable[Measurement]) -> list[tuple[str, str]]:
    """Names and texts; a test that opened several sessions has them numbered from the second on."""
    result: list[tuple[str, str]] = []
    for number, measurement in enumerate(measurements):
        suffix = "" if number == 0 else f".{number + 1}"

        def add(name: str, value: object, suffix: str = suffix) -> None:
            # A device's words may be among them: control characters would make the file unreadable.
            result.append((line(f"{PREFIX}{name}{suffix}"), "" if value is None else line(value)))

        if number == 0:
            for name, text in measurement.conditions.as_properties().items():
                add(f"board.{name}", text)
        add("model", measurement.model)
        add("model.sha256", measurement.sha256)
        if measurement.model_bytes is not None:
            add("model.bytes", measurement.model_bytes)
        for option, given in sorted(measurement.options.items()):
            # That of the arena is its size, which follows.
            if option != "arena":
                add(f"options.{option}", given)
        arena = measurement.arena
        add("arena.size_bytes", arena.size)
        add("arena.used_bytes", arena.used)
        add("arena.head_bytes", arena.head)
        add("arena.tail_bytes", arena.tail)
        if arena.minimum is not None:
            add("arena.minimum_bytes", arena.minimum)
        for category, size in arena.categories.items():
            add(f"arena.{category}_bytes", size)
        latency = measurement.latency
        if latency is not None:
            for figure, value in _latency(latency):
                add(f"latency.{figure}", value)
            add("latency.warmup", measurement.warmup)
            add("latency.interrupts", "; ".join(sorted(measurement.interrupts)))
            for figure, ticks in asdict(measurement.clock).items() if measurement.clock else ():
                add(f"clock.{figure}", ticks)
        for figure, value in _profile(Profile(measurement.profile, measurement.conditions.clock_hz)):
            add(f"op.{figure}", value)
        for metric, score in measurement.scores.items():
            add(f"accuracy.{metric}", f"{score:.6g}")
        seen: Counter[str] = Counter()
        for comparison in measurement.comparisons:
            name = comparison.what.replace(" ", "_")
            seen[name] += 1
            again = "" if seen[name] == 1 else f"_{seen[name]}"
            add(f"outputs.{name}{again}", f"{comparison.equal_steps}/{comparison.steps} steps equal")
    return result


def _latency(latency: Latency) -> Iterator[tuple[str, object]]:
    if latency.cold_us is not None:
        yield "cold_us", f"{latency.cold_us:.3f}"
    yield "count", latency.count
    for name in ("min", "median", "p95", "max", "jitter", "deviation"):
        yield f"{name}_us", f"{getattr(latency, name):.3f}"
    interval = latency.interval
    if interval is not None:
        yield "median_low_us", f"{interval.low:.3f}"
        yield "median_high_us", f"{interval.high:.3f}"
        yield "needed", interval.needed
    yield "outliers", outliers_in_words(latency.outliers)
    if latency.modes is not None:
        yield "modes", modes_in_words(latency.modes)


def _profile(profile: Profile) -> Iterator[tuple[str, str]]:
    for op in profile.ops:
        name = f"{op.index:03d}.{op.name}"
        yield f"{name}_us", f"{op.microseconds:.3f}"
        per_mac = profile.cycles_per_mac_of(op)
        if op.macs is not None:
            yield f"{name}_macs", str(op.macs)
        if per_mac is not None:
            yield f"{name}_cycles_per_mac", f"{per_mac:.3f}"
    if profile.macs is not None:
        yield "all_macs", str(profile.macs)
