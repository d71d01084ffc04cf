"""Student's t-test for the difference of two means. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

_TINY = 1e-300
_STEPS = 500


def p_value(one: Sequence[float], other: Sequence[float]) -> float:
    """How probable so great a difference of means is by chance, to either side, if both have the same variance.

    Args:
        one: independent values; both together at least three.
        other: likewise.
    """
    left, right = np.asarray(one, float), np.asarray(other, float)
    freedom = left.size + right.size - 2
    squares = float(((left - left.mean()) ** 2).sum() + ((right - right.mean()) ** 2).sum())
    difference = float(left.mean() - right.mean())
    if difference == 0:
        return 1.0
    error = squares / freedom * (1 / left.size + 1 / right.size)
    # t squared; of values that do not vary at all any difference is one.
    return 0.0 if error == 0 else two_sided(difference**2 / error, freedom)


def two_sided(t_squared: float, freedom: int) -> float:
    """The probability of a t that is further from 0, of Student's distribution with so many degrees of freedom.

    The regularised incomplete beta function I_x(freedom / 2, 1 / 2) at x = freedom / (freedom + t^2) (Abramowitz and
    Stegun, Handbook of Mathematical Functions, 1964, 26.7.1 and 26.5.27).
    """
    return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t_squared))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun, 26.5.8).

    Args:
        a, b: positive.
        x: 0 to 1.
    """
    if x <= 0 or x >= 1:
        return min(1.0, max(0.0, x))
    # Where the fraction converges fast; the other side follows from the symmetry 26.5.2.
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return front * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """1 / (1 + d1 / (1 + d2 / ...)), evaluated forwards by Lentz's method, as Thompson and Barnett (1986) have it."""
    value, c, d = _TINY, _TINY, 0.0
    for step in range(_STEPS):
        half = step // 2
        if step == 0:
            term = 1.0
        elif step % 2:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        d = 1 + term * d if step else 1.0
        c = 1 + term / c
        d = 1 / (d or _TINY)
        delta = (c or _TINY) * d
        value *= delta
        if abs(delta - 1) < 1e-14:
            break
    return value
