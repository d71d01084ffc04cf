"""Latencies in words, for people, and as plain values, for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.measure.distribution import Modes, Outlier
from harness.measure.latency import Latency, format_duration

# Of a hundred, the others are in the JSON.
_SHOWN_OUTLIERS = 5


def latency_rows(latency: Latency) -> Iterator[tuple[str, str]]:
    """What there is to say, line by line: a name and a text."""
    if latency.cold_us is not None:
        yield "first invoke", f"{format_duration(latency.cold_us)}{_against(latency.cold_us, latency)}"
    yield (
        f"{latency.count:,} invoke{'' if latency.count == 1 else 's'}",
        f"min {format_duration(latency.min)}, median {format_duration(latency.median)}, "
        f"p95 {format_duration(latency.p95)}, max {format_duration(latency.max)}",
    )
    if latency.count > 1:
        share = f" ({latency.jitter / latency.median:.2%} of the median)" if latency.median else ""
        deviation = format_duration(latency.deviation)
        yield "jitter", f"{format_duration(latency.jitter)}{share}, standard deviation {deviation}"
        yield "median's certainty", certainty(latency)
        yield "outliers", outliers_in_words(latency.outliers)
    if latency.modes is not None:
        yield "two modes", modes_in_words(latency.modes)
    yield "measured", latency.conditions()


def certainty(latency: Latency) -> str:
    """The interval of the median and how many invokes were needed, in words."""
    interval = latency.interval
    if interval is None:
        return "6 invokes are needed to tell"
    bounds = f"{interval.level:.1%}: {format_duration(interval.low)} to {format_duration(interval.high)}"
    if interval.needed is None:
        return f"{bounds}; not within 1 %: more than {latency.count:,} invokes needed"
    return f"{bounds}; within 1 % after {interval.needed:,} invokes"


def outliers_in_words(outliers: tuple[Outlier, ...]) -> str:
    """The furthest ones by number (from 0) and duration: "2 of them: #17 1.204 ms, #63 0.981 ms"."""
    if not outliers:
        return "none"
    furthest = sorted(outliers, key=lambda outlier: -abs(outlier.score))[:_SHOWN_OUTLIERS]
    shown = ", ".join(f"#{outlier.index} {format_duration(outlier.us)}" for outlier in furthest)
    more = len(outliers) - len(furthest)
    return f"{len(outliers):,}: {shown}" + (f" and {more:,} nearer ones" if more else "")


def modes_in_words(modes: Modes) -> str:
    """Both groups with their shares: "70.0 % around 0.100 ms, 30.0 % around 0.150 ms"."""
    parts = [f"{mode.share:.1%} around {format_duration(mode.median)}" for mode in (modes.lower, modes.upper)]
    return ", ".join(parts)


def latency_json(latency: Latency) -> dict[str, Any]:
    """All figures, in microseconds, with every sample."""
    interval, modes, timing = latency.interval, latency.modes, latency.timing
    return {
        "cold": latency.cold_us,
        "count": latency.count,
        **{name: getattr(latency, name) for name in ("min", "median", "p95", "max", "mean", "deviation", "jitter")},
        "median_interval": None
        if interval is None
        else {"low": interval.low, "high": interval.high, "level": interval.level},
        "needed": None if interval is None else interval.needed,
        "outliers": [{"index": each.index, "us": each.us} for each in latency.outliers],
        "modes": None
        if modes is None
        else [{"median": mode.median, "share": mode.share} for mode in (modes.lower, modes.upper)],
        "measured": {
            "warmup": timing.warmup,
            "quiet": timing.quiet,
            "interrupts": timing.interrupts(),
            "clock_hz": timing.clock_hz,
            "board": timing.board,
        },
        "samples": list(latency.samples_us),
    }


def _against(us: float, latency: Latency) -> str:
    """How a duration compares with the median of the others."""
    if latency.count == 1 and latency.samples_us[0] == us:
        return ""
    return f" ({us / latency.median - 1:+.1%} of the median)" if latency.median else ""
