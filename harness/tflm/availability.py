"""Whether TFLM's interpreter can run here, and which one it is."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import re
import sys

from harness.errors import ReferenceUnavailable

DISTRIBUTION = "tflite-micro"


def why_unavailable() -> str | None:
    """One line that says why TFLM's interpreter cannot run here, or None where it can."""
    if importlib.util.find_spec("tflite_micro") is not None:
        return None
    here = f"{platform.python_implementation()} {platform.python_version()} on {sys.platform} {platform.machine()}"
    return (
        f"TFLM's interpreter ({DISTRIBUTION}) is not installed; its wheel exists for x86-64 Linux and "
        f"CPython 3.10-3.14, and this is {here}"
    )


def require() -> None:
    """Makes sure of it.

    Raises:
        ReferenceUnavailable: TFLM's interpreter cannot run here.
    """
    reason = why_unavailable()
    if reason is not None:
        raise ReferenceUnavailable(reason)


def version() -> str:
    """The wheel's version."""
    return importlib.metadata.version(DISTRIBUTION)


def commit() -> str:
    """The TFLM commit that the wheel was built from, as its description names it; "unknown" where it does not."""
    description = importlib.metadata.distribution(DISTRIBUTION).read_text("METADATA") or ""
    found = re.search(r"tflite-micro/blob/([0-9a-f]{7,40})/", description)
    return found.group(1) if found else "unknown"
