"""The identity of the host board's "firmware": the program that answers on the pty, and the TFLM behind it."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from pathlib import Path

from harness.tflm import availability

# The region that all open models share. Bytes of a 64-bit computer; a Pico has about 200 KiB.
ARENA_BYTES = 32 * 1024 * 1024


# What the device runs besides this folder. Found, not imported: the worker brings numpy with it.
_MODULES = ("harness.protocol.command", "harness.tflm.worker", "harness.flash.pack")


@functools.cache
def build_id() -> str:
    """Eight hexadecimal digits that change whenever the device's program or its TFLM changes."""
    digest = hashlib.sha256(availability.version().encode())
    files = [*Path(__file__).parent.glob("*.py")]
    for module in _MODULES:
        spec = importlib.util.find_spec(module)
        assert spec is not None and spec.origin is not None
        files.append(Path(spec.origin))
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]
