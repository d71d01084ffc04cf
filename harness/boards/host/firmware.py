"""The identity of the host board's "firmware": the program that answers on the pty, and the TFLM behind it."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import harness.flash.pack
import harness.protocol.command
import harness.tflm.worker
from harness.tflm import availability

# The region that all open models share. Bytes of a 64-bit computer; a Pico has about 200 KiB.
ARENA_BYTES = 32 * 1024 * 1024


@functools.cache
def build_id() -> str:
    """Eight hexadecimal digits that change whenever the device's program or its TFLM changes."""
    digest = hashlib.sha256(availability.version().encode())
    files = [*Path(__file__).parent.glob("*.py")]
    for module in (harness.protocol.command, harness.tflm.worker, harness.flash.pack):
        files.append(Path(str(module.__file__)))
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:8]
