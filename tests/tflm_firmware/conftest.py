"""The firmware with TFLM in it, on the emulated RP2040. Skipped where TFLM's sources are not at hand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.bench import Bench
from harness.boards.emulator.availability import why_unavailable
from harness.boards.emulator.board import EmulatorBoard
from harness.flash.firmware import Firmware, load_firmware
from harness.models.library import ModelLibrary

ROOT = Path(__file__).parents[2]
BUILD_SECONDS = 3000


def cached_tflm() -> Path | None:
    """TFLM's tree in the source cache, where the firmware's CMake looks for it; None if there is none."""
    declared = (ROOT / "pico_firmware" / "cmake" / "sources.cmake").read_text()
    revision = re.search(r"tflm_hil_source\(tflite_micro (\S+)", declared)
    assert revision is not None
    home = os.environ.get("XDG_CACHE_HOME", "")
    cache = Path(home) if Path(home).is_absolute() else Path.home() / ".cache"
    tree = cache / "tflm-hil" / "sources" / f"tflite-micro-{revision[1]}"
    return tree if tree.is_dir() else None


@pytest.fixture(scope="session")
def tflm_tree() -> Path:
    """TFLM's sources."""
    reason = why_unavailable()
    if reason is not None:
        pytest.skip(reason)
    tree = cached_tflm()
    if tree is None:
        pytest.skip("TFLM's sources are not in the source cache; `make firmware` brings them where there is a network")
    for tool in ("cmake", "arm-none-eabi-g++"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    return tree


@pytest.fixture(scope="session")
def build(tflm_tree: Path) -> Callable[..., Firmware]:
    """Builds a firmware with verbs of test builds: `build("name", "-D", "SETTING=VALUE")`."""

    def configured(name: str, *settings: str) -> Firmware:
        folder = ROOT / "build" / "firmware" / name
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        configure = ["cmake", "-S", str(ROOT / "pico_firmware"), "-B", str(folder), *generator]
        configure += ["-D", "TFLM_HIL_TEST_VERBS=ON", "-D", f"Python3_EXECUTABLE={sys.executable}", *settings]
        for command in (configure, ["cmake", "--build", str(folder), "--parallel"]):
            done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS)
            assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return load_firmware(folder / "tflm_bench.uf2")

    return configured


@pytest.fixture(scope="session")
def firmware(build: Callable[..., Firmware]) -> Firmware:
    """The firmware as `make firmware TEST_VERBS=1` builds it."""
    return build("pico-tflm-test")


@pytest.fixture
def open_bench(make_bench: Callable[..., Bench], tmp_path: Path) -> Callable[..., Bench]:
    """Makes a bench with an emulated board: `open_bench(firmware, "model", ...)`, by name or path."""

    def opened(firmware: Firmware, *models: str | Path) -> Bench:
        return make_bench(firmware, tmp_path, *models)

    return opened


@pytest.fixture
def make_bench() -> Iterator[Callable[..., Bench]]:
    """The same with a folder for the board's flash: `make_bench(firmware, folder, "model", ...)`."""
    benches: list[Bench] = []

    def opened(firmware: Firmware, folder: Path, *models: str | Path) -> Bench:
        library = ModelLibrary([ROOT / "test_cases" / "models"])
        bench = Bench(EmulatorBoard(firmware, "emulator", folder), library)
        benches.append(bench)
        bench.prepare([library.find(model) for model in models])
        return bench

    yield opened
    for bench in benches:
        bench.close()
        bench.board.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Whoever comes first compiles TFLM, if nobody has before.
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(BUILD_SECONDS))
