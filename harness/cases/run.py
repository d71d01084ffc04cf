"""Carries out a case on a bench."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from harness.bench import Bench
from harness.cases.accuracy import check_accuracy
from harness.cases.arena import check_arena, explore_arena
from harness.cases.golden import GoldenUpdate, read_golden, write_golden
from harness.cases.inputs import make_steps
from harness.cases.load import Case
from harness.cases.schema import LatencySection, StateSection, ToleranceSection
from harness.errors import CaseError, Misuse, OutputMismatch, ReferenceUnavailable
from harness.experiments.clock import read_clock
from harness.measure.compare import compare_sequences
from harness.measure.tolerance import EXACT, TOP_1, Tolerance
from harness.models.library import is_file
from harness.models.reference import Reference, ReferenceEngine
from harness.models.steps import Step
from harness.models.tflite import TfliteModel
from harness.session import Run, Session
from harness.tflm import availability


@dataclass(frozen=True)
class CaseTools:
    """What a case needs besides itself.

    Attributes:
        bench: where it runs.
        reference: gives the engine of the reference.
        update_golden: write golden files before comparing with them.
        on_golden: told what became of each golden file that was to be written.
    """

    bench: Bench
    reference: Callable[[], ReferenceEngine]
    update_golden: bool = False
    on_golden: Callable[[GoldenUpdate], None] = lambda update: None


def run_case(case: Case, tools: CaseTools) -> None:
    """Opens the case's model and checks everything that the case says.

    Raises:
        CaseError: the case cannot be carried out as it is written.
        HarnessError: something that it demands does not hold, or the device failed.
        ReferenceUnavailable: it needs the reference, and there is neither TFLM nor a golden file.
    """
    spec = case.spec
    model = find_model(case, tools.bench)
    steps = make_steps(case, model) if spec.inputs is not None else []
    size = spec.arena.size if spec.arena is not None else None
    minimum = explore_arena(case, tools.bench, model, steps)
    with tools.bench.open(model, arena=size, preserve_all_tensors=spec.preserve_all_tensors) as session:
        check_arena(case, session, tools.bench.board.kind, minimum)
        if spec.latency is not None:
            _check_latency(spec.latency, tools, session, steps[0])
            session.reopen()
        if spec.accuracy is not None:
            check_accuracy(case, session, tools.reference)
            session.reopen()
        # Last: without a reference the case is skipped here, and the figures have been checked.
        if spec.expect is not None or spec.state is not None:
            _check_sequence(case, tools, session, steps)


def find_model(case: Case, bench: Bench) -> TfliteModel:
    """The case's model: a path relative to the case file, or a name in the models folders.

    Raises:
        CaseError: there is no such model.
    """
    path = case.resolve(case.model)
    if path.suffix == ".tflite" and is_file(path):
        return bench.library.load(path)
    if "/" in case.model:
        raise CaseError(f"model {case.model!r} does not exist: {path}", path=str(case.path), line=case.line)
    return bench.library.find(case.model)


def _check_latency(section: LatencySection, tools: CaseTools, session: Session, inputs: Step) -> None:
    timed = session.invoke(*inputs, repeats=section.repeats, warmup=section.warmup)
    session.measurement.clock = read_clock(tools.bench)
    # Before the limits are checked: who fails them wants to know where the time goes.
    if section.profile and "profile" in tools.bench.identity.features:
        session.profile()
    timed.latency.demand(section.limit(tools.bench.board.kind).limits())


def _check_sequence(case: Case, tools: CaseTools, session: Session, steps: list[Step]) -> None:
    state = case.spec.state or StateSection()
    late = [number for number in state.reset_before if number >= len(steps)]
    if late:
        message = f"reset_before {late[0]}: the sequence has only {len(steps)} steps"
        raise CaseError(message, path=str(case.path), line=case.line)
    run = session.run(steps, reset_before=state.reset_before)
    if case.spec.expect is not None:
        _check_expected(case, tools, session.model, steps, run)
    if state.remembers is not None:
        if len(steps) < 2:
            raise Misuse("one step cannot show whether a model remembers; give at least two")
        # On a new interpreter, so that both begin alike: CALL_ONCE's initial value in one of them is no memory.
        session.reopen()
        stateless = session.run(steps, reset_before=range(1, len(steps)))
        _demand(run, stateless, equal=not state.remembers, what="a run with the state cleared before each step")
    # Where the initial values are zero, a reset and a new interpreter must come to the same.
    if state.reset is not None:
        session.reset()
        again = session.run(steps, reset_before=state.reset_before)
        _demand(again, run, equal=state.reset == "restarts", what="the first run, after reset()")
    if state.reopen is not None:
        session.reopen()
        again = session.run(steps, reset_before=state.reset_before)
        _demand(again, run, equal=state.reopen == "restarts", what="the first run, after reopen()")
    if state.survives:
        session.state(map(tuple, steps)).survives(*state.survives)


def _check_expected(case: Case, tools: CaseTools, model: TfliteModel, steps: list[Step], run: Run) -> None:
    expect = case.spec.expect
    assert expect is not None
    reset_before = case.spec.state.reset_before if case.spec.state is not None else []
    if tools.update_golden and expect.golden is not None:
        outputs = tools.reference().run(model, steps, reset_before)
        tools.on_golden(write_golden(case, model, steps, outputs))
    if expect.values is not None:
        expected = _expected_values(case, model, len(steps))
        run.assert_equals(expected, _tolerance(expect.tolerance), what="expected values")
    if expect.reference is not None and availability.why_unavailable() is None:
        reference = Reference(tools.reference(), model).run(map(tuple, steps), reset_before=reset_before)
        run.assert_equals(reference, _tolerance(expect.reference), what="reference")
    elif expect.reference is not None and expect.golden is None:
        raise ReferenceUnavailable(f"no reference and no golden file: {availability.why_unavailable()}")
    if expect.golden is not None:
        tolerance = expect.tolerance if expect.reference is None else expect.reference
        run.assert_equals(read_golden(case, model, steps), _tolerance(tolerance), what="golden file")


def _expected_values(case: Case, model: TfliteModel, count: int) -> list[Step]:
    assert case.spec.expect is not None
    if len(model.outputs) != 1:
        raise CaseError("values need a model of one output", path=str(case.path), line=case.line)
    spec = model.outputs[0]
    try:
        given = np.asarray(case.spec.expect.values)
        if given.dtype.kind not in "biuf":
            raise TypeError("something else than numbers came")
        array = given.astype(spec.dtype).reshape((count, *spec.shape))
        if spec.dtype.kind in "biu" and not np.array_equal(array.ravel(), given.ravel()):
            raise ValueError(f"not all values fit {spec.dtype.name}")
    except (ValueError, TypeError, OverflowError) as error:
        shape = [count, *spec.shape]
        message = f"expect.values: numbers of shape {shape} and type {spec.dtype.name} expected: {error}"
        raise CaseError(message, path=str(case.path), line=case.line) from None
    return [(row,) for row in array]


def _tolerance(section: str | ToleranceSection) -> Tolerance:
    if isinstance(section, str):
        return TOP_1 if section == "top-1" else EXACT
    if section.lsb is not None:
        return Tolerance(lsb=section.lsb)
    return Tolerance(atol=section.absolute or 0.0, rtol=section.relative or 0.0)


def _demand(run: Run, other: Run, *, equal: bool, what: str) -> None:
    difference = compare_sequences(run.outputs, other.outputs, EXACT)
    if equal and difference is not None:
        raise OutputMismatch(f"{run.measurement.model}: the same outputs expected as in {what}\n{difference}")
    if not equal and difference is None:
        raise OutputMismatch(
            f"{run.measurement.model}: other outputs expected than in {what}, but all {len(run)} steps are equal",
            advice="if the model has no state, or CALL_ONCE gives no initial value, the case demands too much; "
            "otherwise the state is lost between two calls",
        )
