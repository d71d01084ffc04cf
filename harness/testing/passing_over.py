"""Whether this process's board can have a test; if not, another one gets it."""

from __future__ import annotations

import pytest

from harness.boards.several import kind_of
from harness.errors import HarnessError
from harness.testing.runtime import runtime_of
from harness.testing.spreading import KINDS

MARK = "board_kind"


def passes_over(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Whether a worker leaves a test to workers with other boards: its own is lost, or of another kind."""
    if not _has_no_board_for(item):
        return False
    try:
        # The test before was told that this one comes next, and has kept the fixtures that both share.
        item.session._setupstate.teardown_exact(nextitem)
    except Exception as error:  # noqa: BLE001
        # There is no test whose error this would be, and what a fixture has left undone may be in the next one's way.
        runtime = runtime_of(item.config)
        said = f"a fixture's teardown failed: {type(error).__name__}: {error}".splitlines()[0]
        runtime.lost = said if runtime.lost is None else f"{runtime.lost}; {said}"
    return True


def _has_no_board_for(item: pytest.Item) -> bool:
    runtime = runtime_of(item.config)
    wanted = kinds_wanted(item)
    kinds = item.config.workerinput[KINDS]  # type: ignore[attr-defined]
    if wanted and kind_of(runtime.settings.board) not in wanted and wanted.intersection(kinds):
        return True
    if runtime.lost is None:
        try:
            runtime.make_ready()
        except HarnessError as error:
            runtime.lost = runtime.lost or runtime.unusable or error.message.splitlines()[0]
    return runtime.lost is not None


def skip_other_kinds(item: pytest.Item) -> None:
    """Skips a test that is for other kinds of boards than the one that there is."""
    wanted = kinds_wanted(item)
    kind = kind_of(runtime_of(item.config).settings.board)
    if wanted and kind not in wanted:
        pytest.skip(f"for a board of kind {' or '.join(sorted(wanted))}; this one is of kind {kind}")


def kinds_wanted(item: pytest.Item) -> set[str]:
    """The kinds of boards that a test is for; empty for all."""
    mark = item.get_closest_marker(MARK)
    return set() if mark is None else set(map(str, mark.args))
