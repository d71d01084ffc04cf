"""Measures the sides of a comparison by turns, so that whatever else the computer does meets all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def by_turns(rounds: int, *sides: Callable[[], T]) -> list[list[T]]:
    """Calls each side `rounds` times: one uncounted round to warm up, then A B, B A, A B, ..."""
    for side in sides:
        side()
    results: list[list[T]] = [[] for _ in sides]
    for number in range(rounds):
        order = range(len(sides))
        for which in order if number % 2 == 0 else reversed(order):
            results[which].append(sides[which]())
    return results
