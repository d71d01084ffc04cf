"""What was found out about the arena that a model needs, and the line of C that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.measure.arena import Arena
from harness.measure.measurement import Conditions
from harness.measure.sizing import Probe, Window, wrong_windows

DEFAULT_HEADROOM = 0.15


@dataclass(frozen=True)
class ArenaSizing:
    """The smallest arena for one model, with the conditions that it was found under.

    Attributes:
        model: the model's name.
        sha256: of the model's file.
        conditions: of the search.
        arena: figures at full size, with `minimum`, the smallest size that works.
        available: arena that the board has, in bytes.
        predicted: where the search began, in bytes; None where nothing was known.
        probes: the sizes that were tried, in order.
        steps: invokes per size, whose outputs were compared with those at full size.
        headroom: what is recommended above the smallest size, as a share of it.
        preserve_all_tensors: as the model was opened.
        resource_variables: likewise.
        reference: in words, how the outputs at full size compare with the reference; None if there is none.
    """

    model: str
    sha256: str
    conditions: Conditions
    arena: Arena
    available: int
    predicted: int | None
    probes: tuple[Probe, ...]
    steps: int
    headroom: float = DEFAULT_HEADROOM
    preserve_all_tensors: bool = False
    resource_variables: int = 0
    reference: str | None = None

    @property
    def minimum(self) -> int:
        """The smallest arena that works, in bytes."""
        assert self.arena.minimum is not None
        return self.arena.minimum

    @property
    def recommended(self) -> int:
        """The arena to give the model, in bytes: `minimum` and the headroom."""
        return self.arena.recommended(self.headroom)

    @property
    def fits(self) -> bool:
        """Whether the board has the recommended arena."""
        return self.recommended <= self.available

    @property
    def wrong(self) -> tuple[Window, ...]:
        """Sizes that reported success and computed wrong outputs, as far as they were tried."""
        return wrong_windows(self.probes)

    @property
    def c_line(self) -> str:
        """The arena as C++ defines it (C says `_Alignas`), and how its size was found."""
        told = self.conditions
        figures = [f"{self.model}: needs {self.minimum:,} B, and {self.headroom * 100:g} % headroom"]
        if self.arena.used is not None:
            figures.append(f"{self.arena.used:,} B stay used")
        if self.resource_variables:
            figures.append(f"{self.resource_variables} resource variable{'s' * (self.resource_variables > 1)}")
        if self.preserve_all_tensors:
            figures.append("preserving all tensors")
        # What comes from a device must not be able to end the comment's line.
        under = (told.kind, told.chip, f"TFLM {told.tflm}", told.kernels, told.compiler)
        where = ", ".join(filter(None, under)).replace("\\", "/")
        warning = "" if told.pointer_bits == 32 else f"NOT FOR A PICO: {told.pointer_bits}-bit pointers; "
        comment = f"{warning}{', '.join(figures)}; {where}; model {self.sha256[:8]}"
        return f"alignas(16) static uint8_t tensor_arena[{self.recommended}];  // {comment}"
