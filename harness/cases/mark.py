"""Tells case files from the many other YAML files that a project may have; light, because it is asked about each."""

from __future__ import annotations

from pathlib import Path

# The first key of a case file.
MARK = "tflm-hil:"


def is_case_file(path: Path) -> bool:
    """Whether the file's first key says that it is a case file."""
    try:
        with path.open("rb") as file:
            head = file.read(64 * 1024)
    except OSError:
        return False
    for line in head.decode("utf-8", "replace").lstrip("\ufeff").splitlines():
        if line.strip() and not line.lstrip().startswith(("#", "---", "%")):
            return line.startswith(MARK)
    return False
