"""What a model took of its tensor arena, and how large an arena to give it."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from harness.errors import LimitExceeded, Misuse

# TFLM aligns the arena and what it puts there to 16 bytes (MicroArenaBufferAlignment).
ALIGNMENT = 16


def checked_size(arena: object) -> int:
    """An arena's size as a number of bytes.

    Raises:
        Misuse: it is none.
    """
    try:
        # Any integer will do, numpy's too; bool is one by accident.
        size = 0 if isinstance(arena, bool) else operator.index(arena)  # type: ignore[arg-type]
    except TypeError:
        size = 0
    if size <= 0:
        raise Misuse(f"arena: a positive number of bytes expected, {arena!r} came")
    return size


@dataclass(frozen=True)
class Arena:
    """Figures of one arena, in bytes.

    `used` is not a sufficient size: while it allocates, TFLM needs room for its plan, so that the smallest arena that
    works can be much larger (see `minimum`, which only trying sizes can tell).

    Attributes:
        size: the arena that the model was opened in.
        used: bytes that stay taken after AllocateTensors(); None where TFLM could not say.
        head: of these the non-persistent ones (activations, scratch); None likewise.
        tail: of these the persistent ones (tensors, variables, operators' data); None likewise.
        categories: persistent bytes by what they are for, as TFLM's RecordingMicroAllocator names them; may be empty.
        pointer_bits: 32 or 64; structures of 64-bit pointers take more.
        minimum: the smallest size that was seen to work; None if none was looked for.
    """

    size: int
    used: int | None
    head: int | None
    tail: int | None
    categories: Mapping[str, int] = field(hash=False)
    pointer_bits: int
    minimum: int | None = None

    def __post_init__(self) -> None:
        # A copy: the caller's dictionary may go on changing.
        object.__setattr__(self, "categories", dict(self.categories))

    def __str__(self) -> str:
        def text(size: int | None) -> str:
            return "unknown" if size is None else f"{size:,}"

        categories = ", ".join(f"{name} {size:,}" for name, size in self.categories.items())
        return (
            f"{text(self.used)} of {self.size:,} bytes used (head {text(self.head)}, tail {text(self.tail)}"
            f"{': ' if categories else ''}{categories}; {self.pointer_bits}-bit)"
        )

    def recommended(self, headroom: float) -> int:
        """The arena to give the model: what it needs and `headroom` of that again, rounded up to 16 bytes.

        What it needs is `minimum` where it is known, `used` otherwise.

        Args:
            headroom: a share; 0.15 is 15 %.

        Raises:
            Misuse: neither figure is known, or the headroom is no share.
        """
        if isinstance(headroom, bool) or not math.isfinite(headroom) or headroom < 0:
            raise Misuse(f"a headroom of {headroom}: a share from 0 is expected, 0.15 for 15 %")
        # Fraction: 160 * 1.1 is 176.00000000000003 in floating point, and would be rounded up to 192.
        needed = self._needed() * (1 + Fraction(str(headroom)))
        return math.ceil(needed / ALIGNMENT) * ALIGNMENT

    def check(self, limit: int | None, headroom: float = 0.0) -> None:
        """Demands that the recommended arena is within a limit.

        Args:
            limit: bytes; None stands for the arena that the model was opened in.
            headroom: as in `recommended`.

        Raises:
            LimitExceeded: it is not; the message says by how much.
            Misuse: see `recommended`, or the limit is negative.
        """
        if limit is not None and limit < 0:
            raise Misuse(f"an arena limit of {limit:,} bytes: at least 0 is expected")
        bound = self.size if limit is None else limit
        recommended = self.recommended(headroom)
        if recommended <= bound:
            return
        what = "the smallest working arena is" if self.minimum is not None else "used are"
        came = f"{what} {self._needed():,} bytes"
        if headroom:
            came += f", with {float(headroom) * 100:g} % headroom {recommended:,}"
        elif recommended != self._needed():
            came += f", aligned {recommended:,}"
        source = "the arena that the model was opened in" if limit is None else "the limit"
        advice = f"give at least {recommended:,} bytes, or make the model's activations smaller"
        if self.pointer_bits != 32:
            advice += f"; these are figures of {self.pointer_bits}-bit pointers, a Pico needs less"
        raise LimitExceeded(
            f"arena: at most {bound:,} bytes expected ({source}); {came}: {recommended - bound:,} too many",
            advice=advice,
        )

    def _needed(self) -> int:
        needed = self.used if self.minimum is None else self.minimum
        if needed is None:
            raise Misuse(
                "the used bytes of this arena are not known: TFLM on the host does not tell them of preserved tensors",
                advice="open the model without preserving its tensors to measure the arena",
            )
        return needed
