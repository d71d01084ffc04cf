"""The firmware's own unit tests, and that its portable part builds for the chip."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.firmware.conftest import BUILD_SECONDS, CONFIGURE_SECONDS, FIRMWARE, generator, must, run

# All that the compiler and the C library may be asked for: no heap, no exceptions, no static constructors.
_NEEDED = {"memchr", "memcmp", "memcpy", "memmove", "memset", "strchr", "strcmp", "strlen"}
_TOOLS = ("arm-none-eabi-g++", "arm-none-eabi-nm", "arm-none-eabi-size")


def test_the_unit_tests_in_cpp(built: Path) -> None:
    done = run(built / "core_tests", "--no-colors", seconds=30)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def target_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, built for a Cortex-M0+ as the firmware will include it."""
    for tool in ("cmake", *_TOOLS):
        if not shutil.which(tool):
            pytest.skip(f"{tool} is missing")
    source = tmp_path_factory.mktemp("target")
    (source / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.20)\nproject(target CXX)\nadd_subdirectory({FIRMWARE / 'core'} core)\n"
    )
    build = source / "build"
    settings = {
        "CMAKE_SYSTEM_NAME": "Generic",
        "CMAKE_SYSTEM_PROCESSOR": "arm",
        "CMAKE_CXX_COMPILER": _TOOLS[0],
        "CMAKE_CXX_FLAGS": "-mcpu=cortex-m0plus -mthumb -Os",
        # There is nothing yet that a program for this target could be linked with.
        "CMAKE_TRY_COMPILE_TARGET_TYPE": "STATIC_LIBRARY",
    }
    defines = [f"-D{key}={value}" for key, value in settings.items()]
    must("cmake", *generator(), "-S", source, "-B", build, *defines, seconds=CONFIGURE_SECONDS)
    must("cmake", "--build", build, "--parallel", seconds=BUILD_SECONDS)
    return build / "core" / "libtflm_hil_core.a"


def test_on_the_target_it_needs_no_heap_and_no_exceptions(target_library: Path) -> None:
    listed = run("arm-none-eabi-nm", "--format=posix", target_library, seconds=10).stdout.splitlines()
    symbols = [words for line in listed if len(words := line.split()) >= 2]
    own = {words[0] for words in symbols if words[1] not in "Uw"}
    asked = {words[0] for words in symbols if words[1] in "Uw"} - own
    # Arithmetic and jumps that the compiler takes from its own library.
    assert {name for name in asked if not name.startswith(("__aeabi_", "__gnu_thumb1_"))} <= _NEEDED


def test_on_the_target_it_is_small_and_has_no_variables(target_library: Path) -> None:
    listed = run("arm-none-eabi-size", "--totals", target_library, seconds=10).stdout.splitlines()
    text, data, bss = map(int, listed[-1].split()[:3])
    assert (data, bss) == (0, 0)
    assert 1000 < text < 8 * 1024
