"""Models of the loopback engine (pico_firmware/engine/loopback): output 0 is the input, output 1 counts the invokes."""

from __future__ import annotations

import struct

_HEADER = struct.Struct("<8sII")


def loopback_model(size: int, cycles: int = 0) -> bytes:
    """A model.

    Args:
        size: bytes of its input, and of output 0.
        cycles: what an invoke takes at least.
    """
    return _HEADER.pack(b"TFLMLOOP", size, cycles)


def arena_for(size: int) -> int:
    """The least arena for a model with that many bytes of input: a counter of four bytes, and the two tensors."""
    return max(16, 4 + 2 * size)
