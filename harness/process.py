"""How the harness starts a program of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import harness

_HOME = str(Path(harness.__file__).parent.parent)


def own_program(module: str) -> tuple[str, ...]:
    """The command that runs `main()` of one of the harness's modules; arguments may follow.

    Not `python -m`: that would let files of the user's folder, a `queue.py` say, take the place of Python's own.
    """
    code = f"import sys; sys.path[:1] = []; sys.path.append({_HOME!r}); from {module} import main; main()"
    return (sys.executable, "-c", code)
