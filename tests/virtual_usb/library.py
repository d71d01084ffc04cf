"""Compiles the stand-in for libusb."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NAME = "libusb-1.0.so.0"
_SOURCES = Path(__file__).parent / "libusb"
_OPTIONS = ("-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-O1")
_SHARED = ("-fPIC", "-shared", "-fvisibility=hidden", "-fasynchronous-unwind-tables", f"-Wl,-soname,{NAME}")
_SECONDS = 60


def compiler() -> str | None:
    """The C compiler, or None."""
    return shutil.which(os.environ.get("CC", "cc"))


def why_no_library() -> str | None:
    """One line that says why it cannot be made here, or None."""
    if not sys.platform.startswith("linux"):
        return "the virtual USB needs Linux"
    return None if compiler() else "no C compiler: cc is not installed"


@functools.cache
def library_folder() -> Path:
    """The folder that it is in, for LD_LIBRARY_PATH; compiled once in each process.

    Raises:
        subprocess.CalledProcessError: it cannot be compiled; the compiler has said why.
    """
    folder = Path(tempfile.mkdtemp(prefix="virtual-libusb-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    cc = compiler()
    assert cc is not None
    sources = sorted(map(str, _SOURCES.glob("*.c")))
    subprocess.run([cc, *_OPTIONS, *_SHARED, "-o", str(folder / NAME), *sources], check=True, timeout=_SECONDS)
    return folder
