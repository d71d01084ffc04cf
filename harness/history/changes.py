"""Since when a figure is what it is: change-points and spikes of a series.

A figure that does not vary (bytes, predictions, and everything on the emulator) has changed wherever its value did.

Of one that varies, change-points are found by E-divisive means (Matteson and James, A Nonparametric Approach for
Multiple Change Point Analysis of Multivariate Data, Journal of the American Statistical Association 109(505), 2014), as
Daly, Brown, Ingo, O'Leary and Bradford used it for performance tests (The Use of Change Point Detection to Identify
Software Performance Regressions in a Continuous Integration System, ICPE 2020). Its test by permutations cannot find
anything in a week: a series of 7 nights has too few of them to reach 5 %. So, as in Hunter (Fleming et al., Hunter:
Using Change Point Detection to Hunt for Performance Regressions, ICPE 2023), Student's t-test takes its place, which
needs no random numbers either. The place was chosen among all, so the probability is multiplied with their number
(Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np
import numpy.typing as npt

from harness.history.points import Point, Series
from harness.history.student import p_value
from harness.record.figures import Kind, kind_of

# Fewer nights than this on one side of a change-point could be a spike.
LEAST_NIGHTS = 2
SIGNIFICANCE = 0.01
_WEAK = 0.5
# Neither E-divisive means nor the t-test knows what is too small to matter to anyone.
LEAST_STEP = 0.01
# More nights than this are not looked at: the search takes time in their square.
MOST_NIGHTS = 400
# Modified z-score of outliers (Iglewicz and Hoaglin, 1993), and standard deviations per median absolute deviation.
_SCORE = 3.5
_PER_MAD = 1.4826


@dataclass(frozen=True)
class Change:
    """A point from which on a figure is another one.

    Attributes:
        first: the first night of the new level.
        last: the last night of the old level.
        before: the old level: of a figure that varies the mean.
        after: the new level.
        probability: of such a difference by chance; 0 of a figure that does not vary.
        differing: conditions that changed at the same time: name, old and new value.
    """

    first: Point
    last: Point
    before: float
    after: float
    probability: float = 0.0
    differing: tuple[tuple[str, str, str], ...] = ()

    @property
    def relative(self) -> float | None:
        """The step as a share of the old level; None of 0."""
        return (self.after - self.before) / abs(self.before) if self.before else None


@dataclass(frozen=True)
class Spike:
    """One night that was off, between nights that were not.

    Attributes:
        point: that night.
        level: what the nights around it were.
    """

    point: Point
    level: float


@dataclass(frozen=True)
class Trend:
    """What became of a figure over many nights.

    Attributes:
        series: the figure.
        changes: oldest first.
        spikes: oldest first.
        exact: whether it is one that does not vary.
    """

    series: Series
    changes: tuple[Change, ...] = ()
    spikes: tuple[Spike, ...] = ()
    exact: bool = True


def is_exact(name: str, board: str) -> bool:
    """Whether figures of this name do not vary on this kind of board."""
    return board == "emulator" or kind_of(name) is not Kind.TIME


def trend_of(series: Series) -> Trend:
    """The change-points and spikes of a series, of its newest `MOST_NIGHTS` nights."""
    series = Series(series.key, series.unit, series.points[-MOST_NIGHTS:])
    exact = is_exact(series.key.name, series.conditions.get("kind", ""))
    values = series.values
    spikes = _exact_spikes(values) if exact else noisy_spikes(values)
    kept = [index for index in range(len(values)) if index not in spikes]
    calm = [values[index] for index in kept]
    starts = _exact_starts(calm) if exact else noisy_starts(calm)
    bounds = [0, *starts, len(calm)]
    changes = []
    for number, start in enumerate(starts):
        old, new = calm[bounds[number] : start], calm[start : bounds[number + 2]]
        first, last = series.points[kept[start]], series.points[kept[start - 1]]
        chance = 0.0 if exact else p_value(old, new)
        level = (old[-1], new[0]) if exact else (fmean(old), fmean(new))
        changes.append(Change(first, last, *level, chance, _differing(last, first)))
    told = tuple(Spike(series.points[index], level) for index, level in sorted(spikes.items()))
    return Trend(series, tuple(changes), told, exact)


def noisy_spikes(values: Sequence[float]) -> dict[int, float]:
    """Single values that are off, while those on both sides of them agree: places, and the level around them.

    The scatter is taken from differences of neighbours, which a change of level does not enlarge: the median of their
    sizes by sqrt(2), times 1.4826 (of normal values; cf. von Neumann's mean square successive difference, 1941). The
    last value is no spike yet: the next night will tell.
    """
    if len(values) < 5:
        return {}
    array = np.asarray(values, float)
    scatter = _PER_MAD * float(np.median(np.abs(np.diff(array)))) / math.sqrt(2)
    found: dict[int, float] = {}
    for place in range(1, len(values) - 1):
        before = [value for index, value in enumerate(values[:place]) if index not in found][-3:]
        after = values[place + 1 : place + 4]
        if not before:
            continue
        level = median([*before, *after])
        allowed = max(_SCORE * scatter, LEAST_STEP * abs(level))
        off = min(abs(values[place] - before[-1]), abs(values[place] - after[0]), abs(values[place] - level))
        if off > allowed and abs(before[-1] - after[0]) <= allowed:
            found[place] = level
    return found


def noisy_starts(values: Sequence[float]) -> list[int]:
    """Where new levels of a series begin, in order.

    In two steps, as Hunter does it: places that could be a change-point are found by splitting on, with a weak demand;
    otherwise a level between two others hides its own ends. Then each has to hold against its neighbours, and the least
    probable one goes until all do.
    """
    array = np.asarray(values, float)
    found: list[int] = []
    open_parts = [(0, len(array))]
    while open_parts:
        low, high = open_parts.pop()
        places = np.arange(LEAST_NIGHTS, high - low - LEAST_NIGHTS + 1)
        if len(places) == 0:
            continue
        split = low + int(places[np.argmax(divergences(array[low:high], places))])
        if _chance(array, low, split, high) <= _WEAK:
            found.append(split)
            open_parts += [(low, split), (split, high)]
    found.sort()
    while found:
        bounds = [0, *found, len(array)]
        chances = [_chance(array, *bounds[place : place + 3]) for place in range(len(found))]
        worst = max(range(len(found)), key=chances.__getitem__)
        if chances[worst] <= SIGNIFICANCE:
            break
        del found[worst]
    return found


def _chance(values: npt.NDArray[np.float64], low: int, split: int, high: int) -> float:
    """How probable the step at a place is by chance; 1 of one that is too small to matter."""
    old, new = values[low:split], values[split:high]
    step = abs(float(new.mean() - old.mean()))
    if step == 0 or step < LEAST_STEP * abs(float(old.mean())):
        return 1.0
    places = high - low - 2 * LEAST_NIGHTS + 1
    return min(1.0, p_value(list(old), list(new)) * places)


def divergences(values: npt.NDArray[np.float64], places: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How unlike the parts before and after each place are: Q of Matteson and James (2014), 2.2, with alpha = 1.

    Twice the mean distance of values of both parts, minus the mean distances within each, times n m / (n + m).
    """
    distances = np.abs(values[:, None] - values[None, :])
    # Sums over all rectangles in one go: the time is that of the matrix, not of its third power.
    sums = np.zeros((len(values) + 1, len(values) + 1))
    sums[1:, 1:] = distances.cumsum(0).cumsum(1)
    n, m = places.astype(float), (len(values) - places).astype(float)
    within_old = sums[places, places]
    across = sums[places, -1] - within_old
    within_new = sums[-1, -1] - within_old - 2 * across
    energy = 2 * across / (n * m) - within_old / (n * (n - 1)) - within_new / (m * (m - 1))
    return np.asarray(energy * n * m / (n + m))


def _exact_spikes(values: Sequence[float]) -> dict[int, float]:
    found: dict[int, float] = {}
    for place in range(1, len(values) - 1):
        # After a spike comes the old level again, which is none.
        if values[place] != values[place - 1] == values[place + 1] and place - 1 not in found:
            found[place] = values[place - 1]
    return found


def _exact_starts(values: Sequence[float]) -> list[int]:
    return [place for place in range(1, len(values)) if values[place] != values[place - 1]]


def _differing(last: Point, first: Point) -> tuple[tuple[str, str, str], ...]:
    names = sorted({*last.conditions, *first.conditions})
    pairs = [(name, last.conditions.get(name, ""), first.conditions.get(name, "")) for name in names]
    return tuple(pair for pair in pairs if pair[1] != pair[2])
