"""Models of the loopback engine (pico_firmware/engine/loopback): the last output counts the invokes."""

from __future__ import annotations

import struct

_HEADER = struct.Struct("<8sII")


def loopback_model(size: int, cycles: int = 0) -> bytes:
    """A model whose output 0 is its input.

    Args:
        size: bytes of its input, and of output 0.
        cycles: what an invoke takes at least.
    """
    return _HEADER.pack(b"TFLMLOOP", size, cycles)


def arena_for(size: int) -> int:
    """The least arena for a model with that many bytes of input: a counter of four bytes, and the two tensors."""
    return max(16, 4 + 2 * size)


def swap_model(size: int) -> bytes:
    """A model of two inputs.

    Output 0 is input 0 with 1 added to each byte and lies where input 1 lay; output 1 is input 1 with 16 added and lies
    where input 0 lay. With `preserve_all_tensors` each tensor has a place of its own.

    Args:
        size: bytes of each input and output.
    """
    return _HEADER.pack(b"TFLMSWAP", size, 0)
