"""Ways to carry a model's state from one invoke to the next, side by side: what each takes, and whether it is right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from statistics import median

from harness.bench import Bench
from harness.errors import ArenaTooSmall, Misuse
from harness.experiments.arena import Opening, minimum_arena
from harness.experiments.inputs import shared_inputs
from harness.measure.arena import Arena
from harness.measure.compare import SequenceDifference, compare_sequences
from harness.measure.latency import Latency
from harness.measure.sizing import ArenaSearchFailed
from harness.measure.tolerance import EXACT, Tolerance
from harness.models.carrying import check_meaning, feed_by_name
from harness.models.feed import Feed, unfed, zeros
from harness.models.reference import ReferenceEngine
from harness.models.steps import Step
from harness.models.tflite import TfliteModel
from harness.session import Run, Session

# Of float outputs, whose last bits depend on the library of functions such as tanh.
FLOAT_TOLERANCE = Tolerance(atol=1e-5, rtol=1e-5)

_PROFILED_INVOKES = 5
_VARIABLE_OPS = frozenset({"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"})


class Way(Enum):
    """Who carries the state, and how."""

    RESOURCE_VARIABLES = "resource variables"
    VARIABLE_TENSORS = "variable tensors"
    STAGED = "fed back, copied aside first"
    PRESERVED = "fed back directly, preserve_all_tensors"
    NAIVE = "fed back directly"

    @property
    def fed(self) -> bool:
        """Whether it is the application that carries it."""
        return self in (Way.STAGED, Way.PRESERVED, Way.NAIVE)

    @property
    def copy(self) -> str:
        """As `Session.run` takes it."""
        return "direct" if self in (Way.PRESERVED, Way.NAIVE) else "staged"

    @property
    def opening(self) -> Opening:
        """How the model is opened."""
        return Opening(preserve_all_tensors=self is Way.PRESERVED)


@dataclass(frozen=True)
class Carried:
    """One way, measured with one model.

    Attributes:
        way: which.
        model: the model.
        arena: as it was opened, and the smallest that works.
        aside: bytes beside the arena: copies of what is fed back.
        latency: of the invokes; the first one apart.
        carrying_us: microseconds per step that it takes to carry the state; None where that cannot be told apart.
        steps: how many were compared with the reference.
        difference: from the reference; None if there is none.
    """

    way: Way
    model: TfliteModel
    arena: Arena
    aside: int
    latency: Latency
    carrying_us: float | None
    steps: int
    difference: SequenceDifference | None

    @property
    def right(self) -> bool:
        """Whether all steps are those of the reference."""
        return self.difference is None

    @property
    def step_us(self) -> float:
        """Median microseconds of a step, with what the application does to carry the state."""
        return self.latency.median + (self.carrying_us or 0.0 if self.way.fed else 0.0)


@dataclass(frozen=True)
class NotCarried:
    """A way that cannot be gone on this board.

    Attributes:
        way: which.
        model: the model.
        why: in a line.
    """

    way: Way
    model: TfliteModel
    why: str


@dataclass(frozen=True)
class StateWays:
    """All ways that were compared.

    Attributes:
        rows: in the order in which they were measured.
        conditions: where, in words.
        pointer_bits: of the board.
        steps: of the sequence.
        seed: of its random inputs.
    """

    rows: tuple[Carried | NotCarried, ...]
    conditions: str
    pointer_bits: int
    steps: int
    seed: int

    @property
    def right(self) -> bool:
        """Whether every way is right that has to be: all but the naive one."""
        return all(isinstance(row, Carried) and row.right for row in self.rows if row.way is not Way.NAIVE)


def ways_of(model: TfliteModel, feed: Feed | None = None) -> tuple[tuple[Way, ...], Feed]:
    """The ways in which a model's state can be carried, and what is fed back.

    Args:
        model: the model.
        feed: pairs of output and input; None to find them by their names. It is not for a model that has variables and
            no such outputs and inputs.

    Raises:
        Misuse: it has no state, or the feed does not fit.
    """
    if feed is None:
        found = feed_by_name(model)
    else:
        has_them = all(pair[0] < len(model.outputs) and pair[1] < len(model.inputs) for pair in feed)
        found = check_meaning(feed, model) if has_them or not model.stateful else ()
    if found:
        return (Way.STAGED, Way.PRESERVED, Way.NAIVE), found
    if model.resource_variables:
        return (Way.RESOURCE_VARIABLES,), ()
    if model.variable_tensors:
        return (Way.VARIABLE_TENSORS,), ()
    raise Misuse(
        f"{model.name} carries no state: no variables, and no output that by its name, type and shape is an input",
        advice="tell which outputs are fed back as inputs: --feed OUTPUT:INPUT,...",
    )


def compare_ways(
    bench: Bench,
    models: Iterable[TfliteModel],
    engine: ReferenceEngine,
    *,
    steps: int = 64,
    seed: int = 0,
    feed: Feed | None = None,
    on_progress: Callable[[str], None] = lambda words: None,
) -> StateWays:
    """Carries the state of each model in each way that it allows.

    Args:
        bench: where; no session may be open on it.
        models: they are given the same random inputs, as far as they take the same.
        engine: computes what is right, with outputs fed back by the harness where it is the application that does.
        steps: of the sequence, 2 at least.
        seed: of the inputs.
        feed: of a model whose state the application carries; None to find it by names.
        on_progress: told what is being done.

    Raises:
        Misuse: a model has no state, or there are no two steps.
        ReferenceUnavailable: TFLM's interpreter cannot run here.
        HarnessError: the board or a model failed.
    """
    if steps < 2:
        raise Misuse(f"two steps at least expected, to show a state; {steps} came")
    # All mistakes first: measuring takes a while.
    chosen = [(model, *ways_of(model, feed)) for model in models]
    rows: list[Carried | NotCarried] = []
    for model, ways, found in chosen:
        sequence = _sequence(model, found, seed, steps)
        expected = engine.run(model, sequence, feed=found)
        for way in ways:
            on_progress(f"{model.name}: {way.value}")
            try:
                rows.append(_carry(bench, model, way, found, sequence, expected))
            except (ArenaTooSmall, ArenaSearchFailed) as error:
                rows.append(NotCarried(way, model, error.message.splitlines()[0]))
    conditions = bench.conditions
    return StateWays(tuple(rows), conditions.describe(), conditions.pointer_bits, steps, seed)


def _sequence(model: TfliteModel, feed: Feed, seed: int, steps: int) -> list[Step]:
    taken = replace(model, inputs=tuple(model.inputs[index] for index in unfed(feed, model)))
    return shared_inputs(taken, taken, seed, steps)[0]


def _carry(
    bench: Bench, model: TfliteModel, way: Way, feed: Feed, sequence: Sequence[Step], expected: list[Step]
) -> Carried:
    minimum = minimum_arena(bench, model, opening=way.opening)
    with bench.open(model, preserve_all_tensors=way.opening.preserve_all_tensors) as session:
        initial = zeros(feed, model) or None
        run = session.run(sequence, feed=feed, copy=way.copy, initial=initial)
        aside = sum(model.inputs[target].nbytes for _, target in feed) if way is Way.STAGED else 0
        return Carried(
            way=way,
            model=model,
            arena=replace(session.arena, minimum=minimum),
            aside=aside,
            latency=run.latency,
            carrying_us=_cost(bench, session, way, sequence, run),
            steps=len(sequence),
            difference=compare_sequences(run.outputs, expected, _tolerance(model)),
        )


def _cost(bench: Bench, session: Session, way: Way, sequence: Sequence[Step], run: Run) -> float | None:
    """Microseconds per step of carrying the state. Comes last: it leaves another state behind."""
    if way.fed:
        return median(run.feed_us[1:])
    if way is Way.RESOURCE_VARIABLES and "profile" in bench.identity.features:
        profile = session.profile(*sequence[0], repeats=_PROFILED_INVOKES)
        return sum(op.microseconds for op in profile.ops if op.name in _VARIABLE_OPS)
    return None


def _tolerance(model: TfliteModel) -> Tolerance:
    return FLOAT_TOLERANCE if any(spec.dtype.kind == "f" for spec in model.outputs) else EXACT
