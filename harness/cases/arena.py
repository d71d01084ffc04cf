"""What a case demands of the tensor arena."""

from __future__ import annotations

from harness.bench import Bench
from harness.cases.load import Case
from harness.experiments.arena import Opening, minimum_arena, verify_arena
from harness.models.steps import Step
from harness.models.tflite import TfliteModel
from harness.session import Session

# Of a long sequence the beginning does: each size that is tried is given all of them.
_STEPS = 8


def explore_arena(case: Case, bench: Bench, model: TfliteModel, steps: list[Step]) -> int | None:
    """Verifies the case's arena and looks for the smallest one, as far as the case demands it.

    It comes before the case's own session: sizes that are too small can crash the board.

    Args:
        steps: inputs of the case; random ones take their place where it has none.

    Returns:
        The smallest arena in bytes; None if the case is not about it on this kind of board.

    Raises:
        ArenaCorrupts, ArenaSearchFailed, HarnessError: as of `verify_arena` and `size_arena`.
    """
    limit = case.spec.arena
    if limit is None:
        return None
    opening = Opening(case.spec.preserve_all_tensors)
    sequence = steps[:_STEPS] or None
    if limit.verify:
        verify_arena(bench, model, limit.size, sequence=sequence, opening=opening)
    if not limit.about_minimum(bench.board.kind):
        return None
    return minimum_arena(bench, model, sequence=sequence, opening=opening)


def check_arena(case: Case, session: Session, kind: str, minimum: int | None) -> None:
    """Compares the arena with the case's limit.

    Args:
        kind: of the board.
        minimum: what `explore_arena` gave.

    Raises:
        LimitExceeded: it is above.
    """
    if minimum is not None:
        session.note_minimum(minimum)
    if case.spec.arena is not None:
        session.arena.check(case.spec.arena.limit(kind), case.spec.arena.headroom or 0.0)
