"""Runs images one after another: whatever one does to the board, the next has its turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from harness.errors import Misuse
from harness.images.board import ImageBoard
from harness.images.judge import Judge, Outcome
from harness.images.run import Limits, Result, run_image

# A board that could not be had twice in a row will not come by itself, and each try takes a while.
_MOST_LOST = 2


def find_images(paths: Iterable[Path]) -> dict[str, Path]:
    """The images that files and folders name, by what they are called: in a folder, by their place in it.

    Raises:
        Misuse: a path is neither, a folder has none, or two have one name.
    """
    found: dict[str, Path] = {}
    for path in paths:
        if path.is_dir():
            files = {file.relative_to(path).with_suffix("").as_posix(): file for file in sorted(path.rglob("*.uf2"))}
            if not files:
                raise Misuse(f"{path}: a folder with .uf2 files expected, there are none", advice="build the images")
        elif path.is_file():
            files = {path.stem: path}
        else:
            raise Misuse(f"{path}: an image or a folder of images expected, there is no such file", advice="check it")
        for name, file in files.items():
            if found.setdefault(name, file) != file:
                raise Misuse(
                    f"two images are called {name!r}: {found[name]} and {file}",
                    advice="name the folder that both are in",
                )
    return found


def run_suite(
    board: ImageBoard,
    images: dict[str, Path],
    make_judge: Callable[[], Judge],
    limits: Limits,
    *,
    begins: Callable[[str], None] = lambda name: None,
    shown: Callable[[str], None] = lambda line: None,
    logs: Path | None = None,
) -> Iterator[Result]:
    """Runs them all.

    Args:
        board: where they run.
        images: from `find_images`.
        make_judge: a judge for each.
        limits: when to give up on one.
        begins: is told which one has its turn.
        shown: is given each line of each log.
        logs: the folder for one log file of each; None for none.

    Yields:
        A result for each image.

    Raises:
        OSError: a log cannot be written.
    """
    lost: list[str] = []
    for name, path in images.items():
        if len(lost) >= _MOST_LOST:
            yield Result(name, path, Outcome.NOT_RUN, f"the board was lost before: {lost[0]}")
            continue
        begins(name)
        file = None if logs is None else logs / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}.log"
        result = run_image(board, name, path, make_judge(), limits, shown=shown, log_file=file)
        lost = [*lost, result.detail] if result.outcome is Outcome.NOT_RUN else []
        yield result
