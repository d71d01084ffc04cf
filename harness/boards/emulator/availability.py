"""Whether the emulator can run here."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata

# What the board stands on is this version's innards, not a promise of its authors: another one may do anything.
VERSION = "1.0.0b1"


@functools.cache
def why_unavailable() -> str | None:
    """One line that says why there is no emulated board here, or None."""
    try:
        found = importlib.metadata.version("rp2040py")
    except importlib.metadata.PackageNotFoundError:
        return f"rp2040py {VERSION} is not installed"
    if found != VERSION:
        return f"rp2040py {VERSION} expected, {found} is installed"
    try:
        # Its pure-Python twin is a hundred times slower and lacks what the board needs.
        importlib.import_module("rp2040py.native._simulator")
    except ImportError as error:
        return f"rp2040py {VERSION} has no native code that runs on this platform: {error}".splitlines()[0]
    return None
