"""Builds the firmware's portable part for this computer, once per run, and offers what was built."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firmware.peer import Peer

FIRMWARE = Path(__file__).parents[2] / "pico_firmware"
# Ten seconds on two cores; the bounds are for a computer that does much else.
CONFIGURE_SECONDS = 30
BUILD_SECONDS = 80


def run(*command: str | Path, seconds: float, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """A program, to its end; its output and errors together."""
    return subprocess.run(
        command,
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )


def must(*command: str | Path, seconds: float) -> None:
    """A program that must succeed."""
    done = run(*command, seconds=seconds)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"


def generator() -> list[str]:
    """Arguments for cmake: Ninja where there is one."""
    return ["-G", "Ninja"] if shutil.which("ninja") else []


def _compiler() -> str | None:
    names = [os.environ.get("CXX", ""), "c++", "g++", "clang++"]
    return next((name for name in names if name and shutil.which(name)), None)


def _missing(compiler: str | None, scratch: Path) -> str | None:
    """What the build would need and this computer has not."""
    if not shutil.which("cmake"):
        return "cmake is missing"
    if compiler is None:
        return "no C++ compiler"
    if not (shutil.which("ninja") or shutil.which("make")):
        return "neither ninja nor make"
    sanitizers = ("-fsanitize=address,undefined", "-o", scratch / "probe")
    program = "static_assert(__cplusplus >= 201703L); int main() { return 0; }\n"
    probe = (compiler, "-std=c++17", "-x", "c++", "-")
    if run(*probe, *sanitizers, seconds=CONFIGURE_SECONDS, text=program).returncode:
        return f"{compiler} has no C++17 with address and undefined behaviour sanitizers"
    header = "#include <doctest/doctest.h>\n"
    if run(*probe, "-fsyntax-only", seconds=CONFIGURE_SECONDS, text=header).returncode:
        return "doctest is missing; on Debian: apt install doctest-dev"
    return None


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with `core_tests` and `protocol_peer`."""
    base = tmp_path_factory.getbasetemp()
    # Workers side by side share one build: the first one makes it, the others find it made.
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "firmware"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        compiler = _compiler()
        missing = _missing(compiler, folder)
        if missing:
            pytest.skip(f"the firmware's tests cannot be built: {missing}")
        build = folder / "build"
        if not (build / "protocol_peer").exists():
            source = ("-S", FIRMWARE / "tests", "-B", build, f"-DCMAKE_CXX_COMPILER={compiler}")
            must("cmake", *generator(), *source, seconds=CONFIGURE_SECONDS)
        must("cmake", "--build", build, "--parallel", seconds=BUILD_SECONDS)
    return build


@pytest.fixture(scope="module")
def peer(built: Path) -> Iterator[Peer]:
    """The firmware's code, ready to be asked."""
    with Peer(built / "protocol_peer") as ready:
        yield ready
