"""How the emulated chip's time follows the wall clock.

A chip that computes runs as fast as it can be emulated, whatever time that takes. A chip that sleeps would, in an
emulator, jump to its next alarm at once, and a timeout of two seconds would be over before the host has drawn breath.
So sleeping takes the time that it takes: the chip may be ahead of the wall clock by no more than `AHEAD_NANOS`.
"""

from __future__ import annotations

# So much may run in one go, so that a USB transfer of many packets is not cut into pieces.
AHEAD_NANOS = 1_000_000
# What arrives from the host is worked on at once, even by a chip that is ahead.
_LEAST_NANOS = 100_000
# The longest sleep in one go: other things want to be looked at too.
MAX_WAIT_SECONDS = 0.05


class Pacer:
    """Compares two clocks.

    Args:
        chip: the chip's clock, in ns.
        wall: the wall clock, in ns.
    """

    def __init__(self, chip: float, wall: float) -> None:
        self._chip = chip
        self._wall = wall

    def ahead(self, chip: float, wall: float) -> float:
        """Nanoseconds that the chip is ahead of the wall clock; negative when it is behind."""
        return (chip - self._chip) - (wall - self._wall)

    def wait_seconds(self, chip: float, wall: float, alarm: float | None) -> float:
        """How long to wait before a sleeping chip runs on.

        Args:
            alarm: nanoseconds of the chip's time to whatever wakes it, or None if nothing is going to.
        """
        if alarm is None:
            return MAX_WAIT_SECONDS
        nanos = self.ahead(chip, wall) + alarm - AHEAD_NANOS
        return min(max(nanos / 1e9, 0.0), MAX_WAIT_SECONDS)

    def allowance(self, chip: float, wall: float) -> float:
        """Nanoseconds of its own time that the chip may run for now."""
        return max(AHEAD_NANOS - self.ahead(chip, wall), _LEAST_NANOS)

    def ran(self, chip: float, wall: float, *, asleep: bool) -> None:
        """The chip has run, and sleeps now or still computes.

        Time that computing took is not made up for: neither by sleeping shorter, where the emulation is slow, nor by
        sleeping longer, where it is fast.
        """
        ahead = self.ahead(chip, wall)
        if ahead > AHEAD_NANOS:
            self._chip, self._wall = chip - AHEAD_NANOS, wall
        elif ahead < 0 and not asleep:
            self._chip, self._wall = chip, wall
