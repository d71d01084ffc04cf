"""Which way a figure is worse, and how far it may move where nobody said: per kind of figure and board."""

from __future__ import annotations

from fnmatch import fnmatchcase

from harness.record.figures import Kind, kind_of
from harness.regression.threshold import EXACT, WATCH, Threshold, parse_threshold

# Of these less is better; of all others that say how good predictions are, more.
_ERRORS = frozenset(("accuracy.mae", "accuracy.rmse"))

# First match wins. A computer that does other things too is off by a factor; its shortest and its longest durations say
# nothing. A Pico's first invoke is one sample, and its operators are medians of few: no spread to go by. The smallest
# steps allowed are some ticks of the clock and one USB interrupt (5.7 us on the emulator).
_TIMES: dict[str, tuple[tuple[str, Threshold], ...]] = {
    "host": (
        ("latency.median*", parse_threshold("+100 % or +20 us")),
        ("*", WATCH),
    ),
    "pico": (
        ("latency.median*", parse_threshold("spread or +0.5 % or +1 us")),
        ("latency.min*", parse_threshold("+0.5 % or +1 us")),
        ("latency.p95*", parse_threshold("+2 % or +6 us")),
        ("latency.cold*", parse_threshold("+5 % or +10 us")),
        ("latency.*", WATCH),
        ("op.*", parse_threshold("+2 % or +6 us")),
    ),
}


def less_is_worse(name: str) -> bool:
    """Whether a figure of this name is worse when it is less: how good predictions are, but not how far off."""
    base, _, last = name.rpartition(".")
    plain = base if last.isdecimal() else name
    return kind_of(name) is Kind.QUALITY and plain not in _ERRORS


def default_threshold(name: str, board: str) -> Threshold:
    """The threshold of a figure of this name on this kind of board: exact, but for times that are not.

    The emulated Pico counts cycles, and they are the same on every run; so are bytes and predictions on every board.
    """
    if kind_of(name) is Kind.TIME:
        for pattern, threshold in _TIMES.get(board, ()):
            if fnmatchcase(name, pattern):
                return threshold
    return EXACT
