"""Which boards a run has: from what a person writes after each `--board` to a name for each board."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from harness.boards.slots import SLOTS
from harness.errors import Misuse

# Kinds of which each run takes as many boards as it wants, each the first that is free.
PROGRAMS = ("host", "emulator")
_MANY = re.compile(rf"({'|'.join(PROGRAMS)}):([0-9]{{1,4}})")
_MOST = 256


def board_names(texts: Sequence[str]) -> list[str]:
    """A name for each board: `emulator:4` stands for four.

    Raises:
        Misuse: a board is named twice, or in a way that two names can mean one board.
    """
    names: list[str] = []
    for text in texts:
        many = _MANY.fullmatch(text)
        if many is None:
            names.append(text)
            continue
        count = int(many[2])
        if not 1 <= count <= SLOTS:
            raise Misuse(f"--board {text}: a number from 1 to {SLOTS} expected, {count} came")
        names.extend([many[1]] * count)
    if len(names) > _MOST:
        raise Misuse(f"at most {_MOST} boards expected, {len(names)} came")
    for name, count in Counter(names).items():
        if count > 1 and name not in PROGRAMS:
            raise Misuse(f"--board {name} is given {count} times", advice="name each board once")
    for kind in PROGRAMS:
        numbered = [name for name in names if name.startswith(f"{kind}-")]
        if kind in names and numbered:
            raise Misuse(
                f"--board {kind} is the first that is free, which may be {numbered[0]}",
                advice=f"give every {kind} board a number, or none",
            )
    return names


def kind_of(name: str) -> str:
    """The kind of board that a name means: "host", "emulator" or "pico"."""
    kind = name.partition("-")[0]
    return kind if kind in PROGRAMS else "pico"


def takes_any_number(names: Sequence[str]) -> bool:
    """Whether these are one board of which there are as many as there are workers."""
    return len(names) == 1 and names[0] in PROGRAMS
