"""Whether a model can run on a Pico, as far as its file tells."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from harness.models.memory import least_arena
from harness.models.tflite import OpUse, TfliteModel
from harness.models.tflm_operators import BUILTIN, CUSTOM

# What the firmware for an RP2040 has for models: TFLM_HIL_ARENA_KIB in pico_firmware/cmake/image.cmake.
PICO_ARENA_BYTES = 208 * 1024


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: "schema", "operators", "flash", "arena", or "board".
        ok: whether it is no obstacle.
        text: what was found.
    """

    what: str
    ok: bool
    text: str


@dataclass(frozen=True)
class OpCount:
    """An operator of a model: its name, how often, the versions that the converter wrote, and whether TFLM has it."""

    name: str
    custom: bool
    count: int
    versions: tuple[int, ...]
    supported: bool


def supported(op: OpUse) -> bool:
    """Whether the firmware has that operator."""
    return op.name in (CUSTOM if op.custom else BUILTIN)


def operators(model: TfliteModel) -> list[OpCount]:
    """Each operator once, in the order in which the model first has it."""
    counted = Counter((op.name, op.custom) for op in model.ops)
    versions: dict[tuple[str, bool], set[int]] = {}
    having = {(op.name, op.custom): supported(op) for op in model.ops}
    for op in model.ops:
        versions.setdefault((op.name, op.custom), set()).add(op.version)
    return [
        OpCount(name, custom, count, tuple(sorted(versions[name, custom])), having[name, custom])
        for (name, custom), count in counted.items()
    ]


def findings(model: TfliteModel, *, stored: int, capacity: int, arena: int = PICO_ARENA_BYTES) -> list[Finding]:
    """All that can be said without a board.

    Args:
        model: a model, whose schema is right by that.
        stored: bytes that it takes in the model pack, alone.
        capacity: bytes that a model pack may have.
        arena: bytes that the board has for it.
    """
    least = least_arena(model)
    flash = f"{stored:,} of {capacity:,} B of the model pack"
    if stored > capacity:
        flash += f": {stored - capacity:,} B too many"
    memory = f"at least {least:,} of {arena:,} B; how much more, a board tells"
    if least > arena:
        memory = f"at least {least:,} B needed, {arena:,} B there: {least - arena:,} B missing, or more"
    return [
        Finding("schema", True, f"version 3, {len(model.data):,} B"),
        _operators(operators(model)),
        Finding("flash", stored <= capacity, flash),
        Finding("arena", least <= arena, memory),
    ]


def _operators(ops: list[OpCount]) -> Finding:
    missing = [op for op in ops if not op.supported]
    if missing:
        words = [f"{'custom operator ' if op.custom else ''}{op.name} (x{op.count})" for op in missing]
        return Finding("operators", False, f"the firmware's TFLM has no {', no '.join(words)}")
    return Finding("operators", True, ", ".join(f"{op.name} x{op.count}" if op.count > 1 else op.name for op in ops))
