"""What a bench can have its board do that not every board can: tests of what the world does to a product."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from harness.protocol.client import Client
from harness.protocol.messages import Clock

T = TypeVar("T")


class Abilities(ABC):
    """Of a board that is asked for one it lacks, each says so with a `Misuse` that names it."""

    @abstractmethod
    def call(self, action: Callable[[Client], T]) -> T:
        """Does something with the device, and gives its errors their types."""

    def clock(self) -> Clock:
        """What the clock is worth that invokes are timed with: its step, and what measuring costs.

        Raises:
            Misuse: the board lacks this ability, and so with the others; `HarnessError`: it went wrong.
        """
        return self.call(lambda client: client.clock())

    def pause(self, seconds: float) -> float:
        """Has the board sleep, its clocks switched off and its memory kept; returns how long it did, in seconds."""
        return self.call(lambda client: client.pause(seconds))

    def work(self, on: bool) -> int:
        """Has the second core compute, write memory and read flash beside the models, until it is switched off.

        Returns:
            Rounds of work since it was switched on last, modulo 2^32.
        """
        return self.call(lambda client: client.work(on))

    def log(self, lines: int, *, length: int = 80) -> None:
        """Has the board print lines of that length, their ends included, as TFLM prints."""
        self.call(lambda client: client.log_lines(lines, length=length))
