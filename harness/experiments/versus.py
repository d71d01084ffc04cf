"""Two models side by side on one board: size, arena, time, and what they compute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.bench import Bench
from harness.datasets.dataset import Dataset
from harness.errors import Misuse
from harness.experiments.accuracy import AccuracyPlan, measure_accuracy
from harness.experiments.inputs import shared_inputs
from harness.flash.pack import packed_size
from harness.measure.agreement import OutputAgreement
from harness.measure.arena import Arena
from harness.measure.latency import Latency
from harness.measure.scores import Accuracy
from harness.models.quantization import dequantize
from harness.models.steps import Array, Step
from harness.models.tflite import TensorSpec, TfliteModel
from harness.session import Session

WARMUP = 5
# Outputs of one model are kept until the other one has run.
_MOST_VALUES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Contest:
    """What is measured.

    Attributes:
        repeats: measured invokes.
        steps: random steps on which outputs are compared, where there is no data set.
        seed: of these.
        minimum: finds the smallest arena that a model works in, in bytes; None to do without.
    """

    repeats: int = 100
    steps: int = 100
    seed: int = 0
    minimum: Callable[[Bench, TfliteModel], int] | None = None


@dataclass(frozen=True)
class Contestant:
    """One model's figures.

    Attributes:
        model: the model.
        flash: bytes in the board's flash: the model and its entry in the directory.
        arena: of the session that all was measured in.
        minimum: bytes of the smallest arena that works; None if it was not looked for.
        cold_us: duration of the first invoke after opening.
        warm: durations of the measured ones.
        accuracy: on the data set; None without one.
    """

    model: TfliteModel
    flash: int
    arena: Arena
    minimum: int | None
    cold_us: float
    warm: Latency
    accuracy: Accuracy | None


@dataclass(frozen=True)
class Versus:
    """Two models side by side.

    Attributes:
        one: the first, which the second is compared with.
        other: the second.
        outputs: per output how far they are apart on the same inputs, as real values; empty with a data set.
        why_not: why outputs were not compared; "" if they were.
        conditions: where it was measured, in a line.
    """

    one: Contestant
    other: Contestant
    outputs: tuple[OutputAgreement, ...]
    why_not: str
    conditions: str


def compare_models(
    bench: Bench,
    one: TfliteModel,
    other: TfliteModel,
    contest: Contest | None = None,
    *,
    dataset: Dataset | None = None,
    plan: AccuracyPlan | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Versus:
    """Measures two models on one board, one after the other, each with the whole arena to itself.

    Args:
        bench: the board.
        one: the model to compare with.
        other: the model that is compared.
        contest: what is measured.
        dataset: the accuracy of both on it; without one, their outputs are compared on random inputs.
        plan: how the data set is run.
        on_progress: told how many samples or steps of how many are done, of both models together.

    Raises:
        HarnessError: one of them cannot be run, or the data set does not fit it.
    """
    contest = contest or Contest()
    if one.name != other.name:
        # Both with one flashing. Of the same name, each is flashed when its turn comes.
        bench.prepare([one, other])
    inputs: tuple[list[Step], list[Step]] | None = None
    why_not = "the data set tells more"
    if dataset is None:
        inputs, why_not = _inputs(one, other, contest)
    kept: list[list[Step]] = []
    contestants = []
    for number, model in enumerate((one, other)):

        def told(done: int, total: int, before: int = number) -> None:
            on_progress(done + before * total, 2 * total)

        with bench.open(model) as session:
            steps = inputs[number] if inputs is not None else _own_inputs(model, contest)
            cold = session.invoke(*steps[0]).latency
            warm = session.invoke(*steps[0], repeats=contest.repeats, warmup=WARMUP).latency
            arena, accuracy = session.arena, None
            if dataset is not None:
                accuracy = measure_accuracy(session, dataset, plan, on_progress=told)
            elif inputs is not None:
                kept.append(_run(session, steps, told))
        minimum = None if contest.minimum is None else contest.minimum(bench, model)
        flash = packed_size([len(model.data)]) - packed_size([])
        contestants.append(Contestant(model, flash, arena, minimum, cold.min, warm, accuracy))
    outputs = () if inputs is None else _agreements(one, other, kept)
    first, second = contestants
    return Versus(first, second, outputs, why_not if inputs is None else "", bench.conditions.describe())


def _inputs(one: TfliteModel, other: TfliteModel, contest: Contest) -> tuple[tuple[list[Step], list[Step]] | None, str]:
    """The same inputs for both, or why there are none that both could be given."""
    pairs = list(zip(one.outputs, other.outputs, strict=False))
    if len(one.outputs) != len(other.outputs):
        return None, f"{one.name} has {len(one.outputs)} output(s), {other.name} {len(other.outputs)}"
    for index, (mine, others) in enumerate(pairs):
        if np.prod(mine.shape) != np.prod(others.shape):
            shapes = f"{list(mine.shape)} and {list(others.shape)}"
            return None, f"output {index} has another number of values in each: {shapes}"
        if _is_real(mine) != _is_real(others):
            return None, f"output {index} means real values in one model only: {mine.dtype} and {others.dtype}"
    values = sum(int(np.prod(spec.shape, dtype=np.int64)) for spec in (*one.outputs, *one.inputs))
    if values * contest.steps > _MOST_VALUES:
        return None, f"{contest.steps:,} steps of {values:,} values are too many to keep: ask for fewer steps"
    try:
        return shared_inputs(one, other, contest.seed, contest.steps), ""
    except Misuse as error:
        return None, error.message


def _own_inputs(model: TfliteModel, contest: Contest) -> list[Step]:
    return shared_inputs(model, model, contest.seed, 1)[0]


def _run(session: Session, steps: list[Step], on_progress: Callable[[int, int], None]) -> list[Step]:
    # What was timed has left its traces in a model with state.
    session.reopen()
    outputs = []
    for number, step in enumerate(steps):
        outputs.append(session.invoke(*step).outputs)
        on_progress(number + 1, len(steps))
    return outputs


def _agreements(one: TfliteModel, other: TfliteModel, kept: list[list[Step]]) -> tuple[OutputAgreement, ...]:
    found = tuple(OutputAgreement() for _ in one.outputs)
    for mine, others in zip(*kept, strict=True):
        for index, agreement in enumerate(found):
            agreement.add(_real(mine[index], one.outputs[index]), _real(others[index], other.outputs[index]))
    return found


def _is_real(spec: TensorSpec) -> bool:
    return spec.dtype.kind == "f" or spec.quantization is not None


def _real(raw: Array, spec: TensorSpec) -> npt.NDArray[Any]:
    return dequantize(raw, spec) if _is_real(spec) else raw
