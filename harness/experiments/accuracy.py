"""How good a model's predictions are, on a board, over a labelled data set that is streamed to it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from harness.datasets.dataset import Dataset
from harness.datasets.errors import DatasetError
from harness.datasets.samples import Sample, Samples
from harness.errors import HarnessError, Misuse
from harness.measure.metrics import Classification, Regression
from harness.measure.scores import AGREES, REGRESSION, Accuracy, Agreement, check_metric, rank_of
from harness.models.quantization import dequantize
from harness.models.reference import ReferenceEngine
from harness.models.steps import Step
from harness.models.tflite import TensorSpec, TfliteModel
from harness.session import Session

Array = npt.NDArray[Any]
_SHOWN = 10


class DatasetInterrupted(HarnessError):
    """The board or the reference failed in the middle of a data set. Its cause is the error itself.

    Attributes:
        sample: number of the sample that was under way, from 0.
        partial: what had been judged until then.
    """

    def __init__(self, error: HarnessError, sample: int, partial: Accuracy) -> None:
        done = f"{partial.done:,} of {partial.samples:,} samples were done"
        if partial.done:
            done += f": {partial.metric} {partial.describe(partial.metric)}"
        super().__init__(
            f"sample {sample} (counted from 0): {type(error).__name__}: {error.message}\n{done}",
            advice=error.advice,
            log=error.log,
        )
        self.sample = sample
        self.partial = partial


@dataclass(frozen=True)
class AccuracyPlan:
    """How a data set is run.

    Attributes:
        metrics: what is wanted, the one that matters most first: "top1", "top5", "mae", ...; none for what the targets
            suggest.
        limit: so many samples from the first on; None for all.
        sequences: each sample is a sequence of steps; the state goes on within it and begins anew with the next.
        state: of a model with state whose samples are no sequences: "reset" before each, or "keep" it. It must be said.
        skip: so many steps at the start of each sequence are not judged.
        output: number of the output that is judged.
    """

    metrics: Collection[str] = ()
    limit: int | None = None
    sequences: bool = False
    state: str | None = None
    skip: int = 0
    output: int = 0

    def __post_init__(self) -> None:
        if self.state not in (None, "reset", "keep"):
            raise Misuse(f"state {self.state!r}: reset or keep expected")
        if self.sequences and self.state is not None:
            raise Misuse("sequences begin with a state of their own: state is for samples that are none")
        if self.skip and not self.sequences:
            raise Misuse("skip is for sequences: of other samples each is one step")
        if self.limit is not None and self.limit < 1:
            raise Misuse(f"a limit of at least 1 sample expected, {self.limit} came")
        for metric in self.metrics:
            try:
                check_metric(metric)
            except ValueError as error:
                raise Misuse(str(error)) from None


class Runner(Protocol):
    """What computes outputs, one invoke after another."""

    def step(self, step: Step) -> Step: ...

    def reset(self) -> None: ...

    def reopen(self) -> None: ...


def measure_accuracy(
    session: Session,
    dataset: Dataset,
    plan: AccuracyPlan | None = None,
    *,
    reference: ReferenceEngine | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Accuracy:
    """Streams a data set to a model on a board, sample by sample, and counts what comes.

    A model with state begins on a new interpreter.

    Args:
        session: the model, open on a board.
        dataset: with targets.
        plan: how it is run; all samples, one by one, if it is left out.
        reference: computes the same on this computer, to be compared; None to do without.
        on_progress: told how many samples of how many are done, after each.

    Raises:
        DatasetError: the set does not fit the model.
        Misuse: the plan does not fit the model.
        DatasetInterrupted: the board or the reference failed on the way; what was done so far is in it.
    """
    plan = plan or AccuracyPlan()
    model = session.model
    samples = Samples(dataset, model, sequences=plan.sequences, limit=plan.limit)
    judge = Judge(samples, plan)
    begin = _beginning(model, plan)
    conditions = session.measurement.conditions.describe()
    with contextlib.ExitStack() as stack:
        runners: list[Runner] = [_OnBoard(session)]
        if model.stateful:
            session.reopen()
        sample = 0
        try:
            if reference is not None:
                runners.append(stack.enter_context(reference.open(model)))
                judge.with_reference()
            for one in samples:
                sample = one.number
                if sample:
                    for runner in runners:
                        begin(runner)
                judge.judge(one, [list(_outputs(runner, one)) for runner in runners])
                on_progress(sample + 1, len(samples))
        except (DatasetError, Misuse):
            raise
        except HarnessError as error:
            raise DatasetInterrupted(error, sample, judge.result(conditions)) from error
    result = judge.result(conditions)
    session.measurement.scores.update(result.figures)
    return result


@dataclass
class _OnBoard:
    session: Session

    def step(self, step: Step) -> Step:
        return self.session.invoke(*step).outputs

    def reset(self) -> None:
        self.session.reset()

    def reopen(self) -> None:
        self.session.reopen()


def _outputs(runner: Runner, sample: Sample) -> Iterator[Step]:
    for step in sample.steps:
        yield runner.step(step)


def _beginning(model: TfliteModel, plan: AccuracyPlan) -> Callable[[Runner], None]:
    """What is done before each sample but the first."""
    if not model.stateful or plan.state == "keep":
        return lambda runner: None
    if not plan.sequences and plan.state is None:
        raise Misuse(
            f"{model.name} has state, and what becomes of it between two samples was not said",
            advice="reset it before each sample (state: reset, --reset-each), say that samples are sequences "
            "(sequences, --sequences), or let it go on (state: keep, --keep-state)",
        )
    if any(op.name == "CALL_ONCE" for op in model.ops):
        # Reset() sets variables to zero; the values that CALL_ONCE gives come back with a new interpreter only.
        return lambda runner: runner.reopen()
    return lambda runner: runner.reset()


@dataclass
class _Differences:
    count: int = 0
    different: int = 0
    first: list[int] = field(default_factory=list)
    largest: float = 0.0


class Judge:
    """Counts the predictions for the samples of one model, of the board and where wanted of the reference.

    Raises:
        DatasetError: the targets do not fit the model's output, or the metrics.
    """

    def __init__(self, samples: Samples, plan: AccuracyPlan) -> None:
        self._samples = samples
        self._skip = plan.skip
        self._output = plan.output
        outputs = samples.model.outputs
        if not 0 <= plan.output < len(outputs):
            raise Misuse(f"output {plan.output}: {samples.model.name} has {len(outputs)}, counted from 0")
        self._spec: TensorSpec = outputs[plan.output]
        targets = samples.dataset.targets
        if targets is None:
            raise self._error("targets expected, the data set has none")
        if samples.per_step and plan.skip >= samples.steps:
            raise self._error(f"sequences longer than the {plan.skip} steps to skip expected, {samples.steps} came")
        size = int(np.prod(self._spec.shape, dtype=np.int64))
        target_size = int(np.prod(targets.shape[2 if samples.per_step else 1 :], dtype=np.int64))
        wanted = [metric for metric in plan.metrics if metric != AGREES]
        self.classes = self._is_classification(wanted, targets, target_size)
        if self.classes:
            if target_size != 1:
                raise self._error(
                    f"one label per prediction expected, {target_size} values came",
                    advice="turn one-hot labels into numbers: labels.argmax(axis=-1)",
                )
            ranks = [rank for metric in wanted if (rank := rank_of(metric))] or [1]
            # One value is the probability of class 1 of two.
            self._count = max(2, size)
            self._make: Callable[[], Classification | Regression] = lambda: Classification(self._count, ranks)
            self.metric = f"top{ranks[0]}"
        else:
            if target_size != size:
                raise self._error(
                    f"targets of {size} values expected, as output {plan.output} has them, {target_size} came"
                )
            self._make = Regression
            self.metric = wanted[0] if wanted else "rmse"
        self._counted = self._make()
        self._reference: Classification | Regression | None = None
        self._differences = _Differences()
        self._done = 0

    def with_reference(self) -> None:
        """The outputs of a reference will come too."""
        self._reference = self._make()

    def judge(self, sample: Sample, outputs: list[list[Step]]) -> None:
        """Counts a sample.

        Args:
            sample: the sample.
            outputs: per step, of the board, and of the reference if there is one.
        """
        for number, target in enumerate(sample.targets):
            if target is None or (self._samples.per_step and number < self._skip):
                continue
            predictions = [self._predict(steps[number][self._output]) for steps in outputs]
            came = self._add(self._counted, sample, predictions[0], target)
            if self._reference is not None:
                there = self._add(self._reference, sample, predictions[1], target)
                self._compare(sample.number, predictions, came, there)
        self._done += 1

    def result(self, conditions: str) -> Accuracy:
        """What has been counted so far."""
        told, agreement = self._differences, None
        if self._reference is not None:
            agreement = Agreement(told.count, told.different, tuple(told.first), told.largest)
        return Accuracy(
            self._done,
            len(self._samples),
            self._counted,
            self._reference,
            agreement,
            self.metric,
            self._samples.dataset.classes,
            conditions,
        )

    def _is_classification(self, metrics: list[str], targets: Array, target_size: int) -> bool:
        ranked = [rank_of(metric) is not None for metric in metrics]
        if len(set(ranked)) > 1:
            raise Misuse(f"metrics of classes (top1, ...) or of values ({', '.join(REGRESSION)}) expected, both came")
        whole = targets.dtype.kind in "biu"
        if metrics:
            if ranked[0] and not whole:
                raise self._error(f"labels that are whole numbers expected, {targets.dtype.name} came")
            return ranked[0]
        return whole and target_size == 1

    def _predict(self, raw: Array) -> Array:
        spec = self._spec
        plain = spec.dtype.kind != "f" and spec.quantization is None
        values: Array = (raw if plain else dequantize(raw, spec)).astype(np.float64).ravel()
        if self.classes and values.size == 1:
            return np.array([1 - values[0], values[0]])
        return values

    def _add(self, counted: Classification | Regression, sample: Sample, values: Array, target: Array) -> int:
        if isinstance(counted, Classification):
            label = int(target.reshape(()))
            if not 0 <= label < self._count:
                raise self._error(
                    f"sample {sample.number}: a label from 0 to {self._count - 1} expected, as the model has outputs, "
                    f"{label} came"
                )
            return counted.add(values, label)
        counted.add(values, np.asarray(target).ravel())
        return 0

    def _compare(self, number: int, predictions: list[Array], came: int, there: int) -> None:
        told = self._differences
        one, other = predictions
        told.count += 1
        with np.errstate(invalid="ignore"):
            told.largest = max(told.largest, float(np.nanmax(np.abs(one - other), initial=0.0)))
        same = came == there if self.classes else np.array_equal(one, other, equal_nan=True)
        if not same:
            told.different += 1
            if len(told.first) < _SHOWN and number not in told.first:
                told.first.append(number)

    def _error(self, message: str, advice: str | None = None) -> DatasetError:
        path = self._samples.dataset.path
        return DatasetError(f"{path}: {message}", path=path, advice=advice)
