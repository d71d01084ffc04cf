"""How small an arena may be: tries sizes on a board, and compares what the model computes in each with a large one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.bench import Bench
from harness.errors import (
    ArenaCorrupts,
    DeviceCrashed,
    DeviceTimeout,
    HarnessError,
    LinkLost,
    Misuse,
    ProtocolError,
)
from harness.experiments.inputs import shared_inputs
from harness.measure.arena import Arena
from harness.measure.arena_sizing import DEFAULT_HEADROOM, ArenaSizing
from harness.measure.compare import compare_sequences
from harness.measure.sizing import ArenaSearchFailed, Outcome, Probe, find_minimum, predict_minimum
from harness.measure.tolerance import EXACT
from harness.models.planned import count_planned_tensors
from harness.models.steps import Step, as_steps
from harness.models.tflite import TfliteModel
from harness.protocol.client import OPEN_SECONDS
from harness.session import Session

# Enough for a state to show that is lost, or that something else writes over.
STEPS_WITH_STATE = 4
STEPS_WITHOUT_STATE = 2

# A size that takes so many times as long as the good one hangs. A host board that has crashed first starts TFLM again.
_PATIENCE = 10
_LEAST_SECONDS = 5.0

Reference = Callable[[TfliteModel, list[Step]], list[Step]]


@dataclass(frozen=True)
class Opening:
    """How a model is opened; of what it needs, each has an arena of its own.

    Attributes:
        preserve_all_tensors: as `Bench.open` takes it.
        resource_variables: likewise.
    """

    preserve_all_tensors: bool = False
    resource_variables: int | None = None


@dataclass(frozen=True)
class _Good:
    """What the model computes in an arena that is large enough, and how long that takes."""

    arena: Arena
    outputs: list[Step]
    seconds: float


def usual_steps(model: TfliteModel) -> int:
    """How many steps show whether a model computes what it should, its state included."""
    return STEPS_WITH_STATE if model.stateful else STEPS_WITHOUT_STATE


def size_arena(
    bench: Bench,
    model: str | Path | TfliteModel,
    *,
    sequence: Iterable[Any] | None = None,
    steps: int | None = None,
    seed: int = 0,
    headroom: float = DEFAULT_HEADROOM,
    opening: Opening = Opening(),
    reference: Reference | None = None,
    on_probe: Callable[[Probe], None] = lambda probe: None,
) -> ArenaSizing:
    """Finds the smallest arena in which the model opens, invokes, and computes what it computes in all that there is.

    The board is brought back after each size that crashes it or hangs.

    Args:
        bench: where; no session may be open on it, because a size that is too small may crash the board.
        model: a path, a name, or a model.
        sequence: the inputs, as `Session.run` takes them; None for random ones.
        steps: how many random steps; None for as many as show a state.
        seed: of the random steps.
        headroom: a share; the size that it leads to is tried too.
        opening: how the model is opened.
        reference: computes expected outputs, to compare those at full size with.
        on_probe: told of each size that was tried.

    Raises:
        Misuse: a session is open.
        ArenaSearchFailed: the board was lost on the way, or does not compute the same twice.
        HarnessError: the model cannot be opened at full size.
    """
    found = model if isinstance(model, TfliteModel) else bench.library.find(model)
    if bench.has_open_sessions:
        raise Misuse(
            f"no other open session expected while the smallest arena for {found.name} is looked for: sizes that are "
            "too small can crash the board, and end them",
            advice="close the other sessions before, and open their models again afterwards",
        )
    inputs = _inputs(found, sequence, steps, seed)
    with _unreported(bench):
        trial = _Trial(bench, found, inputs, opening)
        good = trial.at_full_size()
        predicted = predict_minimum(good.arena, tensors=found.tensor_count, planned=count_planned_tensors(found))
        probes: list[Probe] = []

        def probe(size: int) -> Probe:
            probes.append(trial.probe(size, good, probes))
            on_probe(probes[-1])
            return probes[-1]

        def also(minimum: int) -> tuple[int]:
            return (replace(good.arena, minimum=minimum).recommended(headroom),)

        minimum, all_probes = find_minimum(good.arena.size, probe, predicted=predicted, also=also)
        return ArenaSizing(
            model=found.name,
            sha256=found.sha256,
            conditions=bench.conditions,
            arena=replace(good.arena, minimum=minimum, categories=trial.categories()),
            available=bench.identity.arena_max,
            predicted=predicted,
            probes=all_probes,
            steps=len(inputs),
            headroom=headroom,
            preserve_all_tensors=opening.preserve_all_tensors,
            resource_variables=trial.resource_variables,
            reference=None if reference is None else _compared(good.outputs, found, inputs, reference),
        )


def minimum_arena(
    bench: Bench, model: TfliteModel, *, sequence: Iterable[Any] | None = None, opening: Opening = Opening()
) -> int:
    """The smallest arena, in bytes; looked for once per model, opening and bench.

    Args, Raises: as of `size_arena`. The inputs are those of the first who asks.
    """
    slots = model.resource_variables if opening.resource_variables is None else opening.resource_variables
    key = (model.sha256, replace(opening, resource_variables=slots), bench.identity.build)
    if key not in bench.minimum_arenas:
        bench.minimum_arenas[key] = size_arena(bench, model, sequence=sequence, opening=opening).minimum
    return bench.minimum_arenas[key]


def verify_arena(
    bench: Bench,
    model: str | Path | TfliteModel,
    arena: int | None,
    *,
    sequence: Iterable[Any] | None = None,
    opening: Opening = Opening(),
) -> None:
    """Makes sure that the model computes in this arena what it computes in all that is free.

    Args:
        arena: its size in bytes; the others as in `size_arena`.

    Raises:
        ArenaCorrupts: it computes something else, and TFLM reports success.
        ArenaTooSmall, InferenceFailed, DeviceCrashed, DeviceTimeout: as of `Bench.open` and `Session.run`.
        Misuse: there is no larger arena to compare with.
    """
    if arena is None:
        raise Misuse("verify: a size of the arena expected, which is then verified by a larger one")
    found = model if isinstance(model, TfliteModel) else bench.library.find(model)
    with _unreported(bench):
        trial = _Trial(bench, found, _inputs(found, sequence, None, 0), opening)
        good = trial.at_full_size()
        if good.arena.size <= arena:
            raise Misuse(
                f"{found.name}: an arena of less than the {good.arena.size:,} bytes that are free expected, to be "
                f"verified by them; {arena:,} came"
            )
        difference = _difference(good.outputs, trial.run(arena, good.seconds))
    if difference is not None:
        conditions = bench.conditions.describe()
        raise ArenaCorrupts(found.name, arena=arena, full=good.arena.size, difference=difference, conditions=conditions)


class _Trial:
    """Opens and runs one model in arenas of several sizes."""

    def __init__(self, bench: Bench, model: TfliteModel, inputs: list[Step], opening: Opening) -> None:
        self._bench = bench
        self._model = model
        self._inputs = inputs
        self._opening = opening
        given = opening.resource_variables
        self.resource_variables = model.resource_variables if given is None else given

    def at_full_size(self) -> _Good:
        """Runs it in all the memory there is, twice, on a new interpreter each time."""
        with self._open(None) as session:
            outputs = session.run(self._inputs).outputs
            arena = session.arena
            begin = time.monotonic()
            session.reopen()
            again = session.run(self._inputs).outputs
            seconds = time.monotonic() - begin
        difference = _difference(outputs, again)
        if difference is not None:
            raise ArenaSearchFailed(
                f"{self._model.name}: the same outputs expected from the same inputs on a new interpreter, others came "
                f"in an arena of {arena.size:,} bytes: there is nothing to compare with\n{difference}",
                probes=(),
                advice="the model may read memory before it writes it, such as a variable without an initial value",
            )
        return _Good(arena, outputs, seconds)

    def run(self, size: int, seconds: float) -> list[Step]:
        """The outputs in an arena of this size; `seconds` is how long a good run takes."""
        patience = max(_LEAST_SECONDS, _PATIENCE * seconds)
        with self._open(size, timeout=patience) as session:
            return session.run(self._inputs, timeout=patience).outputs

    def probe(self, size: int, good: _Good, before: Iterable[Probe]) -> Probe:
        """What becomes of the model in an arena of this size. The board is well again afterwards.

        Raises:
            ArenaSearchFailed: it is not; the error carries the probes made before.
        """
        try:
            difference = _difference(good.outputs, self.run(size, good.seconds))
            if difference is None:
                return Probe(size, Outcome.WORKS)
            result = Probe(size, Outcome.WRONG, difference.splitlines()[0])
        except HarnessError as error:
            result = Probe(size, _outcome(error), _in_a_line(error))
            self._bring_back(error, [*before, result])
        return result

    def categories(self) -> dict[str, int]:
        """Persistent bytes by category; counting takes arena itself, so it is an opening of its own."""
        if self._opening.preserve_all_tensors:
            return {}
        with self._open(None, categories=True) as session:
            return dict(session.arena.categories)

    def _open(self, size: int | None, *, categories: bool = False, timeout: float = OPEN_SECONDS) -> Session:
        return self._bench.open(
            self._model,
            arena=size,
            preserve_all_tensors=self._opening.preserve_all_tensors,
            resource_variables=self.resource_variables,
            categories=categories,
            timeout=timeout,
        )

    def _bring_back(self, error: HarnessError, probes: Iterable[Probe]) -> None:
        # A board that this has crashed has told of it; it is not news to whoever looks at the notices.
        notices = list(self._bench.notices)
        try:
            if isinstance(error, DeviceTimeout | LinkLost | ProtocolError):
                # It may answer, and still hold what nobody here knows of.
                self._bench.recover()
            else:
                self._bench.ensure_ready()
        except HarnessError as lost:
            raise ArenaSearchFailed(
                f"{self._model.name}: a board expected that comes back after a size that is too small, this one does "
                f"not: {lost.message}",
                probes=probes,
                advice=lost.advice,
            ) from lost
        self._bench.notices[:] = notices


def _outcome(error: HarnessError) -> Outcome:
    if isinstance(error, DeviceTimeout) or (isinstance(error, DeviceCrashed) and error.reason.startswith("watchdog")):
        return Outcome.HUNG
    if isinstance(error, DeviceCrashed | LinkLost | ProtocolError):
        return Outcome.CRASHED
    return Outcome.TOO_SMALL


def _in_a_line(error: HarnessError) -> str:
    if isinstance(error, DeviceCrashed):
        return error.reason + (f" in {error.where}" if error.where else "")
    return error.message.splitlines()[0]


def _inputs(model: TfliteModel, sequence: Iterable[Any] | None, steps: int | None, seed: int) -> list[Step]:
    if sequence is not None:
        given = as_steps(sequence, model.inputs, real=False)
        if not given:
            raise Misuse("a sequence of at least one step expected, an empty one came")
        return given
    return shared_inputs(model, model, seed, steps or usual_steps(model))[0]


def _difference(expected: list[Step], came: list[Step]) -> str | None:
    """How outputs differ, byte for byte; None if they do not."""
    if [[array.tobytes() for array in step] for step in expected] == [
        [array.tobytes() for array in step] for step in came
    ]:
        return None
    # Equal as values are 0.0 and -0.0, and all NaN.
    return str(compare_sequences(came, expected, EXACT) or "the bytes differ, the values do not")


def _compared(outputs: list[Step], model: TfliteModel, inputs: list[Step], reference: Reference) -> str:
    try:
        expected = reference(model, inputs)
    except HarnessError as error:
        return f"nothing to compare with, the reference failed: {_in_a_line(error)}"
    difference = compare_sequences(outputs, expected, EXACT)
    steps = len(outputs)
    if difference is None:
        return f"all {steps} steps equal the reference"
    equal = f"{steps - difference.differing_steps} of {steps} steps equal the reference"
    return equal if difference.worst is None else f"{equal}, the others are off by {difference.worst:.2g} at most"


@contextmanager
def _unreported(bench: Bench) -> Iterator[None]:
    """Sessions that are opened meanwhile are nobody's figures: they are of arenas that are tried."""
    report = bench.on_measurement
    bench.on_measurement = lambda measurement: None
    try:
        yield
    finally:
        bench.on_measurement = report
