"""A test's figures as properties of its JUnit testcase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from harness.measure.measurement import Measurement


def properties(measurements: Iterable[Measurement]) -> list[tuple[str, str]]:
    """Names and texts; a test that opened several sessions has them numbered from the second on."""
    result: list[tuple[str, str]] = []
    for number, measurement in enumerate(measurements):
        suffix = "" if number == 0 else f".{number + 1}"

        def add(name: str, value: object, suffix: str = suffix) -> None:
            result.append((f"tflm.{name}{suffix}", "" if value is None else str(value)))

        if number == 0:
            for name, text in measurement.conditions.as_properties().items():
                add(f"board.{name}", text)
        add("model", measurement.model)
        add("model.sha256", measurement.sha256)
        arena = measurement.arena
        add("arena.size_bytes", arena.size)
        add("arena.used_bytes", arena.used)
        add("arena.head_bytes", arena.head)
        add("arena.tail_bytes", arena.tail)
        for category, size in arena.categories.items():
            add(f"arena.{category}_bytes", size)
        latency = measurement.latency
        if latency is not None:
            add("latency.count", latency.count)
            for name in ("min", "median", "p95", "max"):
                add(f"latency.{name}_us", f"{getattr(latency, name):.3f}")
        for op in measurement.profile:
            add(f"op.{op.index:03d}.{op.name}_us", f"{op.microseconds:.3f}")
        seen: Counter[str] = Counter()
        for comparison in measurement.comparisons:
            name = comparison.what.replace(" ", "_")
            seen[name] += 1
            again = "" if seen[name] == 1 else f"_{seen[name]}"
            add(f"outputs.{name}{again}", f"{comparison.equal_steps}/{comparison.steps} steps equal")
    return result
