"""Finds picotool."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.virtual_usb.library import why_no_library

OLDEST = (2, 1, 1)
# Names a picotool to use.
OVERRIDE = "TFLM_HIL_PICOTOOL"
_SECONDS = 20
_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class Picotool:
    """A picotool that runs here."""

    path: Path
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"picotool {'.'.join(map(str, self.version))} ({self.path})"


@functools.cache
def find_picotool() -> Picotool | None:
    """The first one that runs: the one that the environment names, ci/picotool.sh's, the one on the path."""
    for path in _candidates():
        try:
            done = subprocess.run([str(path), "version"], capture_output=True, text=True, timeout=_SECONDS, check=False)
        except OSError:
            continue
        match = _VERSION.search(done.stdout)
        if match:
            return Picotool(path, tuple(map(int, match.groups())))
    return None


def why_no_picotool() -> str | None:
    """One line that says why picotool cannot work on a virtual bus here, or None."""
    reason = why_no_library()
    if reason is not None:
        return reason
    found = find_picotool()
    oldest = ".".join(map(str, OLDEST))
    if found is None:
        return f"no picotool: ci/picotool.sh brings one, or install {oldest} or newer"
    return None if found.version >= OLDEST else f"{found} is too old: {oldest} or newer expected"


def _candidates() -> list[Path]:
    given = os.environ.get(OVERRIDE)
    if given:
        return [Path(given)]
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():
        cache = Path.home() / ".cache"
    installed = shutil.which("picotool")
    brought = cache / "tflm-hil" / "picotool-2.1.1" / "picotool"
    return [path for path in (brought, installed and Path(installed)) if path]
