"""Finds the smallest arena that works, by trying sizes.

Success is not monotonic in the size: in an arena that is too small TFLM can report success and compute wrong results,
and a size can fail above one that works. So the smallest arena is the end of the unbroken row of sizes that work, down
from one that is known to be good; what works below a failure does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from harness.errors import HarnessError
from harness.measure.arena import ALIGNMENT, Arena

# Distances above the smallest size, in steps of 16 bytes, that are tried too: a hole there would be noticed.
_ABOVE = (1, 2, 3, 4, 8, 16)
# Some twenty are usual. A board on which chance decides would go on for ever.
_MOST_PROBES = 300

# TFLM keeps an AllocationInfo per tensor while it plans (micro_allocation_info.h): five words and a flag on 32 bits.
_PER_TENSOR = {32: 24, 64: 32}
# Its planner keeps four arrays and a list per buffer (memory_planner/greedy_memory_planner.h), all of 32-bit integers.
_PER_BUFFER = 40


class Outcome(str, Enum):
    """What became of a model in an arena of a certain size."""

    WORKS = "works"
    TOO_SMALL = "too small"
    WRONG = "wrong outputs"
    CRASHED = "crashed"
    HUNG = "hung"


@dataclass(frozen=True)
class Probe:
    """One size that was tried.

    Attributes:
        size: of the arena, in bytes.
        outcome: what became of the model.
        detail: in a line, what the device said; "" if it worked.
    """

    size: int
    outcome: Outcome
    detail: str = ""

    @property
    def works(self) -> bool:
        return self.outcome is Outcome.WORKS


@dataclass(frozen=True)
class Window:
    """Sizes from `first` to `last`, in bytes: all that were tried reported success and computed wrong outputs."""

    first: int
    last: int


class ArenaSearchFailed(HarnessError):
    """The smallest arena was not found.

    Attributes:
        probes: the sizes that were tried until then.
    """

    def __init__(self, message: str, *, probes: Iterable[Probe], advice: str | None = None) -> None:
        self.probes = tuple(probes)
        failed = max((probe.size for probe in self.probes if not probe.works), default=0)
        works = min((probe.size for probe in self.probes if probe.works and probe.size > failed), default=None)
        known = f"\n{len(self.probes)} sizes were tried; the largest that failed is {failed:,} bytes, "
        known += "none that works was found" if works is None else f"the smallest that works above it {works:,}"
        super().__init__(message + (known if self.probes else ""), advice=advice)


def predict_minimum(arena: Arena, *, tensors: int, planned: int) -> int | None:
    """About where the smallest arena will be; None where head and tail are not known.

    It is what stays taken, or what TFLM needs near the end of AllocateTensors(), when the tail is complete and it plans
    the head: `max(head + tail, tail + 24 tensors + 40 planned)` on 32 bits. Scratch buffers, of which a file tells
    nothing, need a little more.

    Args:
        arena: figures of the model in an arena that is large enough.
        tensors: all tensors of the model.
        planned: those of them whose memory TFLM plans: no constants, no variables.
    """
    if arena.head is None or arena.tail is None:
        return None
    planning = _PER_TENSOR.get(arena.pointer_bits, _PER_TENSOR[64]) * tensors + _PER_BUFFER * planned
    return _up(max(arena.head, planning) + arena.tail)


def find_minimum(
    good: int,
    probe: Callable[[int], Probe],
    *,
    predicted: int | None = None,
    also: Callable[[int], Iterable[int]] = lambda minimum: (),
) -> tuple[int, tuple[Probe, ...]]:
    """The smallest size that works: so do all that were tried above it, and 16 bytes less fail.

    Args:
        good: a size that is known to work, in bytes; all others that are tried are multiples of 16 below it.
        probe: tries a size.
        predicted: where to begin; None if nothing is known.
        also: sizes that must work too, by the smallest one; those that are not below `good` need not be tried.

    Returns:
        The size in bytes, and all probes in the order they were made.

    Raises:
        ArenaSearchFailed: there is no end of sizes that fail between sizes that work.
    """
    search = _Search(good, probe)
    search.approach(predicted)
    while True:
        search.bisect()
        minimum = search.smallest
        wanted = [*(minimum + ALIGNMENT * steps for steps in _ABOVE), *map(_up, also(minimum))]
        # A failure among them is a hole: the search goes on above it.
        if all(search.works(size) for size in dict.fromkeys(wanted) if size < good):
            return minimum, tuple(search.probes.values())


def wrong_windows(probes: Iterable[Probe]) -> tuple[Window, ...]:
    """The sizes that reported success and computed wrong outputs, neighbours among those tried taken together."""
    windows: list[Window] = []
    adjoins = False
    for probe in sorted(probes, key=lambda probe: probe.size):
        if probe.outcome is Outcome.WRONG:
            if adjoins:
                windows[-1] = Window(windows[-1].first, probe.size)
            else:
                windows.append(Window(probe.size, probe.size))
        adjoins = probe.outcome is Outcome.WRONG
    return tuple(windows)


class _Search:
    """What is known of sizes so far; each is tried once."""

    def __init__(self, good: int, probe: Callable[[int], Probe]) -> None:
        self.probes: dict[int, Probe] = {}
        self._good = good
        self._probe = probe

    @property
    def largest_failure(self) -> int:
        """No arena at all does not do either."""
        return max((size for size, probe in self.probes.items() if not probe.works), default=0)

    @property
    def smallest(self) -> int:
        """The smallest size that works and has no failure above it."""
        bottom = self.largest_failure
        return min((size for size, probe in self.probes.items() if probe.works and size > bottom), default=self._good)

    def works(self, size: int) -> bool:
        if size not in self.probes:
            if len(self.probes) == _MOST_PROBES:
                raise ArenaSearchFailed(
                    "a size expected above which all work: there always is another that fails",
                    probes=self.probes.values(),
                    advice="look whether the model computes the same twice on this board, and at the board's supply",
                )
            self.probes[size] = self._probe(size)
        return self.probes[size].works

    def approach(self, predicted: int | None) -> None:
        """Finds a size that works and one that does not, near each other."""
        if predicted is None:
            while self.smallest // 2 >= ALIGNMENT and self.works(_up(self.smallest // 2)):
                pass
            return
        start = min(_up(predicted), _up(self._good) - ALIGNMENT)
        step = ALIGNMENT
        if start < ALIGNMENT or self.works(start):
            while not self._closed and self.works(max(self.smallest - step, self.largest_failure + ALIGNMENT)):
                step *= 2
        else:
            while self.largest_failure + step < self._good and not self.works(self.largest_failure + step):
                step *= 2

    def bisect(self) -> None:
        """Finds two neighbours of which the larger works and the smaller does not."""
        while not self._closed:
            bottom = self.largest_failure
            half = (self.smallest - bottom) // 2
            self.works(bottom + max(ALIGNMENT, half - half % ALIGNMENT))

    @property
    def _closed(self) -> bool:
        return self.smallest - self.largest_failure <= ALIGNMENT


def _up(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
