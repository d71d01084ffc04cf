"""Compiles the fake device and runs it."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from harness.deadline import Deadline

_SOURCE = Path(__file__).with_name("fake_device.c")
_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Werror")
_COMPILE_SECONDS = 60.0
_START_SECONDS = 10.0
_STOP_SECONDS = 5.0


def find_compiler() -> str | None:
    """The C compiler of this computer, or None."""
    return next((found for name in ("gcc", "cc", "clang") if (found := shutil.which(name))), None)


def compile_device(compiler: str, folder: Path) -> Path:
    """Compiles the fake device into `folder` and returns the program."""
    program = folder / "fake_device"
    command = [compiler, *_FLAGS, "-o", str(program), str(_SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_COMPILE_SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    return program


@contextlib.contextmanager
def running(program: Path) -> Iterator[str]:
    """Runs the device and yields the name of its port.

    The pipe that is its standard input is its lifeline: it ends with us, whatever ends us.
    """
    with subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield _await_port(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _await_port(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    deadline = Deadline(_START_SECONDS)
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not said.endswith(b"\n"):
            if not selector.select(deadline.remaining()):
                raise RuntimeError(f"the fake device did not say its port within {_START_SECONDS:g} s")
            data = os.read(process.stdout.fileno(), 1024)
            if not data:
                raise RuntimeError("the fake device ended before it was ready")
            said += data
    return said.decode().removeprefix("ready ").strip()
