"""What the distribution of durations tells: confidence of the median, outliers, two modes.

All of it takes and gives microseconds, and takes far less than a second for 100,000 samples.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# Of the interval of the median; and how near to the median it has to be, as a share of it.
CONFIDENCE = 0.95
PRECISION = 0.01

# Iglewicz and Hoaglin's factor and limit, see `outliers`.
_NORMAL_MAD = 0.6745
_MOST_SCORE = 3.5
_LEAST_SPREAD = 0.001

# See `two_modes`.
_LEAST_SAMPLES = 20
_LEAST_SHARE = 0.1
_TRIMMED = 0.02
_LEAST_SEPARATION = 2.0
_LEAST_DISTANCE = 0.01
_MOST_VALLEY = 0.5
_LEAST_DEPTH = 2.576


@dataclass(frozen=True)
class MedianInterval:
    """How certain a median is.

    Attributes:
        low: lower end of the interval that has the true median in it with a probability of `level`.
        high: upper end.
        level: the probability, at least 0.95; samples are whole, so it is rarely 0.95 itself.
        needed: how many samples were needed: the least number from which on, with every further sample, the interval
            of the samples so far lay within 1 % of the median of all. None if it does not do so at the end.
    """

    low: float
    high: float
    level: float
    needed: int | None


@dataclass(frozen=True)
class Outlier:
    """A sample that does not belong to the rest.

    Attributes:
        index: which sample, from 0.
        us: its duration.
        score: its modified z-score; negative for one that is too short.
    """

    index: int
    us: float
    score: float


@dataclass(frozen=True)
class Mode:
    """One of two groups that durations fall into.

    Attributes:
        median: of the group.
        share: of all samples, 0 to 1.
    """

    median: float
    share: float


@dataclass(frozen=True)
class Modes:
    """Two groups of durations.

    Attributes:
        lower: the faster group.
        upper: the slower group.
        boundary: samples up to this duration are of the faster group.
        separation: Ashman's D; inf where all samples of each group are equal.
    """

    lower: Mode
    upper: Mode
    boundary: float
    separation: float


def quantile(ordered: Sequence[float], share: float) -> float:
    """The duration that a share of sorted samples is below, linear between neighbours.

    Type 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996), which
    is numpy's default too: position `(count - 1) * share` in the sorted samples, counted from 0.
    """
    position = (len(ordered) - 1) * share
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    # With equal neighbours the sum is exact; a weighted mean could round to a value that no sample has.
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def standard_deviation(samples: Sequence[float]) -> float:
    """Of a sample: the root of the squared distances' sum over `count - 1`; 0 for one sample."""
    if len(samples) < 2:
        return 0.0
    # From the first sample on: of equal samples the mean could be rounded, and the deviation would not be 0.
    mean = math.fsum(sample - samples[0] for sample in samples) / len(samples)
    return math.sqrt(math.fsum((sample - samples[0] - mean) ** 2 for sample in samples) / (len(samples) - 1))


# --- the median's confidence -----------------------------------------------------------------------------------------


def median_interval(samples: Sequence[float], ordered: Sequence[float]) -> MedianInterval | None:
    """The interval of the median by order statistics, whatever the distribution; None for fewer than 6 samples.

    With r the greatest rank for which P(B <= r - 1) <= (1 - 0.95) / 2, B binomial with n trials of 1/2, the r-th
    shortest and the r-th longest sample hold the median between them with probability 1 - 2 P(B <= r - 1).
    Source: David and Nagaraja, "Order Statistics", 3rd edition (2003), section 7.1; tables in Le Boudec, "Performance
    Evaluation of Computer and Communication Systems" (2010), appendix A. Samples count as independent of each other.

    Args:
        samples: in order of measurement.
        ordered: the same, sorted.
    """
    median = quantile(ordered, 0.5)
    lowest, highest = median * (1 - PRECISION), median * (1 + PRECISION)
    below = above = 0
    at = (0, 0.0)
    needed: int | None = None
    for count, (sample, at) in enumerate(zip(samples, _ranks(), strict=False), 1):
        below += sample < lowest
        above += sample > highest
        # The sample of that rank is within the bounds if fewer than `rank` lie beyond them.
        needed = (needed or count) if below < at[0] > above else None
    rank, beyond = at
    if rank == 0:
        return None
    return MedianInterval(ordered[rank - 1], ordered[-rank], 1 - 2 * beyond, needed)


def _ranks() -> Iterator[tuple[int, float]]:
    """For 1, 2, 3, ... samples: the rank of `median_interval`, 0 where there is none, and P(B <= rank - 1).

    The binomial's terms are carried on from one number of trials to the next, so each costs the same.
    """
    rank, cumulative = 0, 0.0
    count, term = 1, 0.5  # term: P(B = rank)
    while True:
        while cumulative + term <= (1 - CONFIDENCE) / 2:
            cumulative += term
            term *= (count - rank) / (rank + 1)
            rank += 1
        yield rank, cumulative
        if rank:
            # P(B' <= r - 1) = P(B <= r - 1) - P(B = r - 1) / 2, with P(B = r - 1) from P(B = r).
            cumulative -= term * rank / (count - rank + 1) / 2
        count += 1
        term *= count / (2 * (count - rank))


# --- outliers --------------------------------------------------------------------------------------------------------


def outliers(samples: Sequence[float], modes: Modes | None = None) -> tuple[Outlier, ...]:
    """The samples with a modified z-score above 3.5, in order of measurement.

    The score is 0.6745 (x - median) / MAD, with MAD the median of all distances from the median. Source: Iglewicz and
    Hoaglin, "How to Detect and Handle Outliers" (1993), section 3.3. Where more than half of the samples are equal, MAD
    is 0 and the score would be infinite for a single tick. So MAD counts as 0.1 % of the median at least: what is less
    than 0.52 % off is never an outlier. Durations of two modes are each compared with their own mode's.

    Args:
        samples: in order of measurement.
        modes: what `two_modes` found.
    """
    groups: list[list[int]] = [[], []]
    boundary = math.inf if modes is None else modes.boundary
    for index, sample in enumerate(samples):
        groups[sample > boundary].append(index)
    found: list[Outlier] = []
    for group in groups:
        if group:
            found += _outliers_of(samples, group)
    return tuple(sorted(found, key=lambda outlier: outlier.index))


def _outliers_of(samples: Sequence[float], group: Sequence[int]) -> Iterator[Outlier]:
    median = quantile(sorted(samples[index] for index in group), 0.5)
    spread = quantile(sorted(abs(samples[index] - median) for index in group), 0.5)
    spread = max(spread, _LEAST_SPREAD * median)
    # As a distance: fewer divisions, and none by 0.
    furthest = _MOST_SCORE * spread / _NORMAL_MAD
    for index in group:
        distance = samples[index] - median
        if abs(distance) > furthest:
            yield Outlier(index, samples[index], _NORMAL_MAD * distance / spread if spread else math.inf)


# --- two modes -------------------------------------------------------------------------------------------------------


def two_modes(ordered: Sequence[float]) -> Modes | None:
    """The two groups that durations fall into, such as those of a fast and a slow path; None if there are not two.

    1. The shortest and the longest 2 % are set aside, so that outliers do not make a group.
    2. The rest is cut in two where the variance between the groups is greatest. Source: Fisher, "On Grouping for
       Maximum Homogeneity", Journal of the American Statistical Association 53 (1958); Otsu (1979) does the same.
    3. Ashman's D = sqrt(2) |m1 - m2| / sqrt(s1^2 + s2^2) must be above 2, with means m and standard deviations s.
       Source: Ashman, Bird and Zepf, "Detecting Bimodality in Astronomical Datasets", The Astronomical Journal 108
       (1994). It was made for mixtures: a single normal distribution that is cut in two has 2.65, a uniform one 3.46.
    4. So there must be a valley too. Around the middle between both means there must be less than half as many samples
       as around the rarer mean, each counted over half of the means' distance, and fewer than chance gives: the
       difference over the root of the sum, the normal form of the sign test, is at least 2.576 (1 % of cases).

    There have to be 20 samples, each group must have a tenth of them, and the groups must be 1 % of the median apart:
    clocks have ticks, and a duration between two ticks shows as both.

    Args:
        ordered: all samples, sorted.
    """
    aside = math.floor(len(ordered) * _TRIMMED)
    core = ordered[aside : len(ordered) - aside]
    if len(ordered) < _LEAST_SAMPLES or core[0] == core[-1]:
        return None
    cut = _greatest_difference(core)
    lower, upper = core[:cut], core[cut:]
    shares = [count / len(ordered) for count in (aside + cut, len(ordered) - aside - cut)]
    if min(shares) < _LEAST_SHARE:
        return None
    means = [math.fsum(group) / len(group) for group in (lower, upper)]
    distance = means[1] - means[0]
    if distance < _LEAST_DISTANCE * quantile(ordered, 0.5):
        return None
    spread = math.hypot(standard_deviation(lower), standard_deviation(upper))
    separation = math.sqrt(2) * distance / spread if spread else math.inf
    if separation <= _LEAST_SEPARATION or not _has_valley(ordered, means):
        return None
    faster, slower = Mode(quantile(lower, 0.5), shares[0]), Mode(quantile(upper, 0.5), shares[1])
    return Modes(faster, slower, (core[cut - 1] + core[cut]) / 2, separation)


def _greatest_difference(core: Sequence[float]) -> int:
    """How many samples the lower group has; never between equal ones."""
    base = core[0]
    total = math.fsum(sample - base for sample in core)
    count, running = len(core), 0.0
    best, cut = -1.0, 0
    for index in range(1, count):
        previous = core[index - 1]
        running += previous - base
        if core[index] == previous:
            continue
        # The variance between the groups, but for a factor: n1 n2 (m1 - m2)^2.
        difference = (running * count - total * index) ** 2 / (index * (count - index))
        if difference > best:
            best, cut = difference, index
    return cut


def _has_valley(ordered: Sequence[float], means: Sequence[float]) -> bool:
    width = (means[1] - means[0]) / 2

    def around(place: float) -> int:
        return bisect_right(ordered, place + width / 2) - bisect_left(ordered, place - width / 2)

    peak = min(around(means[0]), around(means[1]))
    valley = around((means[0] + means[1]) / 2)
    return valley < _MOST_VALLEY * peak and peak - valley >= _LEAST_DEPTH * math.sqrt(peak + valley)
