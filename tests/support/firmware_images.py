"""The firmware that tests run: where it is, and whether it is the one of the sources beside it."""

from __future__ import annotations

import os
from pathlib import Path

from harness.flash.firmware import Firmware, load_firmware

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "pico_firmware"
# Another image in the loopback firmware's place, of any age: for one that is broken on purpose.
OVERRIDE = "TFLM_HIL_TEST_IMAGE"

_BUILD = {
    "loopback": "build the firmware that needs no TFLM: make firmware ENGINE=loopback",
    "tflm": "build the firmware: make firmware",
}


def image_path(engine: str) -> Path:
    """Where the image of an engine is, or would be."""
    given = os.environ.get(OVERRIDE)
    if given and engine == "loopback":
        return Path(given)
    return ROOT / "build" / "firmware" / f"pico-{engine}" / "tflm_bench.uf2"


def why_no_image(engine: str) -> str | None:
    """One line that says why tests cannot run an engine's image, or None."""
    path = image_path(engine)
    # One that was named and is not there is a mistake, and no reason to skip.
    if path.exists() or (os.environ.get(OVERRIDE) and engine == "loopback"):
        return None
    return f"no {path.relative_to(ROOT)}; {_BUILD[engine]}"


def load_image(engine: str) -> Firmware:
    """The firmware of that engine.

    Raises:
        AssertionError: its sources are newer.
    """
    path = image_path(engine)
    if not os.environ.get(OVERRIDE):
        newest = max(_sources(engine), key=_age)
        assert _age(newest) <= _age(path), (
            f"{path.relative_to(ROOT)} is older than {newest.relative_to(ROOT)}: {_BUILD[engine]}"
        )
    return load_firmware(path)


def _sources(engine: str) -> list[Path]:
    """Every file that can be part of that image."""
    other = {"loopback": "tflm", "tflm": "loopback"}[engine]
    elsewhere = {"tests", f"engine/{other}"} | ({"cmake/tflm_library"} if engine == "loopback" else set())
    return [
        file
        for file in SOURCES.rglob("*")
        if file.is_file()
        and file.suffix != ".md"
        and not any(file.is_relative_to(SOURCES / folder) for folder in elsewhere)
    ]


def _age(path: Path) -> float:
    return path.stat().st_mtime
