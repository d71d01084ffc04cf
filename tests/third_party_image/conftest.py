"""Images that are not ours, built with the firmware's pico-sdk. Skipped where it, or a compiler, is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.boards.emulator.availability import why_unavailable
from tests.support.third_party_images import BUILD
from tests.tflm_firmware.conftest import cached_tflm

_BUILD_SECONDS = 1500
_NO_SDK = "pico-sdk"


@pytest.fixture(scope="session")
def images() -> Path:
    """The folder with the images; those of TFLM's tests are in it where TFLM's sources are in the source cache."""
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(reason)
    for tool in ("cmake", "arm-none-eabi-g++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    tflm = "ON" if cached_tflm() is not None else "OFF"
    source = Path(__file__).parent
    configure = ["cmake", "-S", str(source), "-B", str(BUILD), *generator, "-D", "PICO_BOARD=pico"]
    configure += ["-D", f"TFLM_TESTS={tflm}", "-D", f"Python3_EXECUTABLE={sys.executable}"]
    done = subprocess.run(configure, capture_output=True, text=True, timeout=_BUILD_SECONDS)
    if done.returncode and _NO_SDK in done.stderr and "cannot be downloaded" in done.stderr:
        pytest.skip("pico-sdk is not at hand: ci/pico_sdk.sh brings it")
    assert done.returncode == 0, done.stderr[-3000:]
    done = subprocess.run(
        ["cmake", "--build", str(BUILD), "--parallel"], capture_output=True, text=True, timeout=_BUILD_SECONDS
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return BUILD


@pytest.fixture(scope="session")
def tflm_images(images: Path) -> Path:
    """The folder with images of TFLM's own tests too."""
    if cached_tflm() is None:
        pytest.skip("TFLM's sources are not in the source cache; `make firmware` brings them where there is a network")
    return images


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Whoever comes first builds the images, and perhaps TFLM.
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(2 * _BUILD_SECONDS))
