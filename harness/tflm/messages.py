"""What TFLM means by its log lines: the same words on every board, so they are understood in one place.

The texts are those of tensorflow/lite/micro at the pinned commit; each pattern names its file there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.errors import ArenaTooSmall, HarnessError, InferenceFailed, UnsupportedOp

# arena_allocator/single_arena_buffer_allocator.cc and persistent_arena_buffer_allocator.cc. "available" wraps below 0.
_SHORT = re.compile(
    r"Failed to (?:resize buffer|allocate tail memory|allocate temp memory)\. "
    r"Requested: (\d+), available:? (\d+), missing: (\d+)"
)
# memory_planner/greedy_memory_planner.cc: the planner's buffers live in the arena too.
_PLANNER = re.compile(
    r"Too many buffers \(max is \d+\)|Failed starting model allocation|Failed to allocate resource buffer"
)
# micro_interpreter.cc, micro_op_resolver.h, micro_allocator.cc
_OPS = (
    re.compile(r"Didn't find op for builtin opcode '([^']{1,80})'"),
    re.compile(r"Failed to get registration from op code ([A-Za-z0-9_]{1,80})"),
)


def _signed(value: int) -> int:
    """An unsigned 32-bit figure that wrapped below zero, as what it was."""
    return value - 2**32 if 2**31 <= value < 2**32 else value


def explain_allocation(lines: Sequence[str], *, arena: int, custom_ops: Sequence[str] = ()) -> HarnessError:
    """The error behind an `AllocateTensors()` that failed.

    Args:
        lines: what TFLM printed since the model was opened.
        arena: bytes that the model was opened in.
        custom_ops: the model's custom operators; TFLM calls each of them just "CUSTOM".

    Returns:
        `UnsupportedOp`, `ArenaTooSmall`, or `InferenceFailed` where the lines tell nothing more precise.
    """
    for line in lines:
        for pattern in _OPS:
            if found := pattern.search(line):
                name = found.group(1)
                if name == "CUSTOM" and custom_ops:
                    name = " or ".join(custom_ops) + " (custom)"
                return UnsupportedOp(name, log=lines)
    for line in reversed(lines):
        if found := _SHORT.search(line):
            requested, available, missing = (_signed(int(figure)) for figure in found.groups())
            return ArenaTooSmall(
                arena=arena, requested=requested, available=max(0, available), missing=missing, log=lines
            )
    for line in lines:
        if found := _PLANNER.search(line):
            return ArenaTooSmall(arena=arena, detail=found.group(0), log=lines)
    return InferenceFailed("AllocateTensors() failed", log=lines)
