"""What a model remembers from one invoke to the next, and what may happen in between without a loss."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from itertools import cycle, islice
from typing import Any

import numpy.typing as npt

from harness.bench import Bench
from harness.errors import Misuse, OutputMismatch, StateKept, StateLost
from harness.experiments.disturbances import DISTURBANCES, Happening, another_model, log, pause, relink, second_core
from harness.measure.compare import SequenceDifference, compare_sequences
from harness.measure.measurement import Comparison
from harness.measure.tolerance import EXACT, Tolerance
from harness.models.feed import Feed, all_inputs, check_feed, unfed, zeros
from harness.models.reference import Reference, ReferenceEngine
from harness.models.steps import Step, as_step, as_steps
from harness.models.tflite import TfliteModel
from harness.session import Session

__all__ = ["DISTURBANCES", "State"]

_WRITTEN_OVER = (
    "an output was copied to an input in whose place TFLM had put another output: copy all of them aside first "
    '(copy="staged"), or open the model with preserve_all_tensors'
)
_NO_MATTER_OF_STATE = "if other kernels may round otherwise, allow it with a tolerance; state is not yet in it"


class State:
    """A session's model and a sequence of inputs, about whose state questions are asked. Made by `Session.state`.

    Each check begins with a new interpreter, raises if what its name says does not hold, and makes sure that the
    sequence would show that. Outputs of the board are compared with the board's own, step by step and exactly; only
    `equals_reference` compares with this computer's.

    Args:
        bench: where the session is open.
        session: open on it.
        sequence: inputs as `Session.run` takes them, of two steps at least.
        real: the inputs are real values.
        feed: for a model whose state the application carries: pairs of output and input, as in `Session.run`.
        copy: how outputs are fed, likewise.
        initial: what the first step begins with, one array per fed input; None for real zeros.

    Raises:
        Misuse, TensorMismatch: the sequence or the feed is none.
    """

    def __init__(
        self,
        bench: Bench,
        session: Session,
        sequence: Iterable[Any],
        *,
        real: bool = False,
        feed: Feed = (),
        copy: str = "staged",
        initial: Sequence[npt.ArrayLike] | None = None,
    ) -> None:
        model = session.model
        self._bench = bench
        self._session = session
        self._copy = copy
        self._feed = check_feed(feed, copy, model)
        self._steps = as_steps(sequence, [model.inputs[index] for index in unfed(self._feed, model)], real=real)
        self._initial = zeros(self._feed, model)
        # From the first disturbance on, durations are not those of a board that has nothing else to do.
        self._disturbed = False
        if initial is not None:
            fed = sorted(target for _, target in self._feed)
            self._initial = as_step(initial, [model.inputs[index] for index in fed], real=real)
        if not (model.stateful or self._feed or any(op.custom for op in model.ops)):
            raise Misuse(
                f"{model.name} has no state: no variables, and nothing that is fed back",
                advice="if the application feeds outputs back, tell which: feed=((output, input), ...)",
            )
        if len(self._steps) < 2:
            raise Misuse(f"{model.name}: {len(self._steps)} step(s) cannot show a state: two at least expected")

    # --- what is computed --------------------------------------------------------------------------------------------

    def equals_reference(self, tolerance: Tolerance = EXACT, *, reference: Reference | None = None) -> None:
        """All outputs are those of TFLM's own interpreter on this computer.

        Args:
            tolerance: exact by default.
            reference: what the fixture `reference` gives for the model; None to start an interpreter for this.

        Raises:
            StateLost: the first step is right, and a later one is not.
            OutputMismatch: it is the first that differs.
            ReferenceUnavailable: TFLM's interpreter cannot run here.
        """
        if reference is None:
            engine = ReferenceEngine()
            try:
                return self.equals_reference(tolerance, reference=Reference(engine, self._session.model))
            finally:
                engine.close()
        expected = reference.run(map(tuple, self._steps), feed=self._feed, initial=self._initial or None)
        self._session.reopen()
        came = self._play()
        difference = self._compared(came, expected.outputs, "reference", tolerance)
        if difference is None:
            return None
        if difference.step == 0:
            raise OutputMismatch(
                f"{self._session.model.name}: outputs differ from the reference from the first step on "
                f"({tolerance.describe()} expected)\n{difference}\non {self._conditions}",
                advice=_WRITTEN_OVER if self._copy == "direct" else _NO_MATTER_OF_STATE,
            )
        why = expected.diagnose(came, tolerance, difference.step) or f"state lost at step {difference.step + 1}"
        raise self._error(StateLost, difference.step, why, difference)

    def differs_from_stateless(self) -> None:
        """Not all outputs are those of the same model with the state cleared before each step.

        Raises:
            StateLost: they are.
            StateKept: they are, but because Reset() clears nothing.
        """
        if compare_sequences(self._undisturbed, self._stateless) is not None:
            return
        # Without the first step: the second one, which has another past then, may begin with CALL_ONCE's values.
        self._session.reopen()
        if compare_sequences(self._play(self._steps[1:])[1:], self._undisturbed[2:]) is not None:
            raise self._error(StateKept, 1, "state kept over reset(): one before each step changes nothing")
        raise self._error(
            StateLost,
            1,
            f"state lost at step 2: all {len(self._steps)} steps are those of a model whose state is cleared before "
            "each call",
        )

    def persists(self, calls: int | None = None) -> None:
        """Each call depends on what the calls before it have left.

        Where an output happens to be the same with the state cleared before it, those after it are looked at, on the
        sequence again if need be, up to twice as many.

        Args:
            calls: how many, with the sequence from its beginning again when it ends; None for its length.

        Raises:
            StateLost: at some call nothing is left of what was before.
        """
        count = len(self._steps) if calls is None else calls
        if count < 2:
            raise Misuse(f"persists: two calls at least expected, {count} came")
        steps = list(islice(cycle(self._steps), 2 * count))
        self._session.reopen()
        kept = self._play(steps)
        self._session.reopen()
        cleared = self._play(steps[:count], clear_before=range(count))
        for number in range(1, count):
            if _same(kept[number], cleared[number]) and not self._shows_later(steps, kept, number):
                raise self._error(
                    StateLost,
                    number,
                    f"state lost at step {number + 1}: from there on all outputs are those of a model whose state is "
                    "cleared before it",
                )

    # --- what ends a state -------------------------------------------------------------------------------------------

    def is_cleared_by_reset(self) -> None:
        """After TFLM's Reset() nothing is left of what was before: a short and a long past give the same outputs.

        Raises:
            StateKept: something is left.
        """
        self._demand_no_feed("is_cleared_by_reset")
        self.differs_from_stateless()
        self._session.reopen()
        self._play()
        after_long = self._play(clear_before=[0])
        gone_on = self._play()
        self._session.reopen()
        self._play(self._steps[:1])
        after_short = self._play(clear_before=[0])
        difference = self._compared(after_long, after_short, "another past, after reset()")
        if difference is not None:
            words = f"state kept over reset(): after another past, step {difference.step + 1} is another"
            raise self._error(StateKept, difference.step, words, difference)
        self._demand_different(gone_on, after_long, "goes on without a reset()")

    def initial_values_return_after_reopen(self) -> None:
        """A new interpreter begins as the first one did, with the values that CALL_ONCE gives, or zeros.

        Raises:
            StateKept: it does not.
        """
        self._demand_no_feed("initial_values_return_after_reopen")
        self.differs_from_stateless()
        self._session.reopen()
        first = self._play()
        gone_on = self._play()
        self._session.reopen()
        again = self._play()
        difference = self._compared(again, first, "first run, after reopen()")
        if difference is not None:
            words = f"state kept over reopen(): step {difference.step + 1} is another than at first"
            raise self._error(StateKept, difference.step, words, difference)
        self._demand_different(gone_on, first, "goes on without a new interpreter")

    # --- what a state survives ---------------------------------------------------------------------------------------

    def survives_pause(self, seconds: float = 0.1) -> None:
        """The board sleeps between two steps, its clocks switched off.

        Raises:
            StateLost: outputs are others than without it; so with all that follow.
            Misuse: the board cannot do that, likewise; or the sequence would not show a loss.
        """
        self._survives(pause(self._bench, seconds))

    def survives_relink(self) -> None:
        """The board leaves USB and comes back between two steps."""
        self._survives(relink(self._bench))

    def survives_logging(self, lines: int = 20) -> None:
        """The board prints lines between two steps, as TFLM prints."""
        self._survives(log(self._bench, lines))

    def survives_second_core(self) -> None:
        """The second core begins to work in the middle of the sequence, and goes on to its end."""
        self._survives(second_core(self._bench))

    def survives_another_model(self, other: str | TfliteModel | None = None) -> None:
        """Another model is opened, run and closed between two steps.

        A session with more than half of the memory is opened again in half of it for this, and afterwards as before.

        Args:
            other: a name or a model; None for the same model once more, whose variables have the same names.
        """
        found = self._bench.library.find(other) if isinstance(other, str) else other or self._session.model
        before = self._session.arena
        half = self._bench.identity.arena_max // 2 & ~15
        happening = another_model(self._bench, found)
        if before.size <= half:
            return self._survives(happening)
        if before.used is not None and before.used > half:
            raise Misuse(
                f"{self._session.model.name} uses {before.used:,} bytes, more than half of the board's "
                f"{self._bench.identity.arena_max:,}: there is no room for another model beside it",
                advice="leave this check out for this model on this board",
            )
        self._session.reopen(half)
        try:
            self._survives(happening)
        finally:
            if self._session.open:
                self._session.reopen(before.size)

    def survives(self, *names: str) -> None:
        """All of these, by the names in `DISTURBANCES`.

        Raises:
            Misuse: there is no such name.
        """
        unknown = [name for name in names if name not in DISTURBANCES]
        if unknown:
            raise Misuse(f"survives: some of {', '.join(DISTURBANCES)} expected, {unknown[0]!r} came")
        for name in names:
            getattr(self, f"survives_{name}")()

    def survives_all(self) -> None:
        """Everything that there is in `DISTURBANCES`."""
        self.survives(*DISTURBANCES)

    # --- behind them -------------------------------------------------------------------------------------------------

    def _survives(self, happening: Happening) -> None:
        middle = len(self._steps) // 2
        self._demand_visible(middle)
        self._session.reopen()
        came = self._play(happen=happening.begin, at=middle)
        difference = self._compared(came, self._undisturbed, f"undisturbed run, {happening.words}")
        if difference is None:
            return
        words = f"state lost at step {difference.step + 1}, {happening.words} before step {middle + 1}"
        if difference.step < middle:
            words = f"step {difference.step + 1} is another than in the run before, though nothing had happened yet"
        raise self._error(StateLost, difference.step, words, difference)

    @cached_property
    def _undisturbed(self) -> list[Step]:
        self._session.reopen()
        return self._play()

    @cached_property
    def _stateless(self) -> list[Step]:
        self._session.reopen()
        return self._play(clear_before=range(1, len(self._steps)))

    @cached_property
    def _visible_from(self) -> set[int]:
        """Steps at which a loss was seen to change something."""
        return set()

    def _demand_visible(self, step: int) -> None:
        """Makes sure that the outputs would show it if the state were lost before that step."""
        if step in self._visible_from:
            return
        self.differs_from_stateless()
        self._session.reopen()
        self._demand_different(
            self._play(clear_before=[step]), self._undisturbed, f"has its state cleared before step {step + 1}"
        )
        self._visible_from.add(step)

    def _demand_different(self, one: list[Step], other: list[Step], what: str) -> None:
        if compare_sequences(one, other) is None:
            raise Misuse(
                f"{self._session.model.name}: this sequence shows nothing: a model that {what} gives the same outputs "
                f"in all {len(one)} steps",
                advice="give a longer sequence, or other inputs",
            )

    def _demand_no_feed(self, what: str) -> None:
        if self._feed:
            raise Misuse(
                f"{what}: the state of {self._session.model.name} is what the application feeds back, so it is the "
                "application that begins anew"
            )

    def _shows_later(self, steps: list[Step], kept: list[Step], number: int) -> bool:
        """Whether any output from that step on depends on what was before it."""
        for place in range(number, len(steps)):
            if place == number:
                self._clear()
            if not _same(self._invoke(steps[place], anew=place == number), kept[place]):
                return True
        return False

    def _play(
        self,
        steps: list[Step] | None = None,
        *,
        clear_before: Collection[int] = (),
        happen: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
        at: int = 0,
    ) -> list[Step]:
        """The outputs of a sequence, from what was left before on; something happens before step `at`."""
        outputs = []
        with ExitStack() as stack:
            for number, step in enumerate(self._steps if steps is None else steps):
                if number == at:
                    self._disturbed = self._disturbed or happen is not contextlib.nullcontext
                    stack.enter_context(happen())
                if number in clear_before:
                    self._clear()
                outputs.append(self._invoke(step, anew=number == 0 or number in clear_before))
        return outputs

    def _clear(self) -> None:
        self._session.reset()

    def _invoke(self, step: Step, *, anew: bool) -> Step:
        inputs = all_inputs(self._feed, self._session.model, step, self._initial) if anew else step
        with self._session.measurement.untimed() if self._disturbed else contextlib.nullcontext():
            return self._session.invoke(*inputs, feed=self._feed, copy=self._copy).outputs

    def _compared(
        self, came: list[Step], expected: list[Step], what: str, tolerance: Tolerance = EXACT
    ) -> SequenceDifference | None:
        meaning = [spec.quantization for spec in self._session.outputs]
        difference = compare_sequences(came, expected, tolerance, meaning)
        equal = len(came) - (0 if difference is None else difference.differing_steps)
        self._session.measurement.comparisons.append(Comparison(what, equal, len(came)))
        return difference

    @property
    def _conditions(self) -> str:
        return self._session.measurement.conditions.describe()

    def _error(
        self, kind: type[StateLost | StateKept], step: int, words: str, difference: SequenceDifference | None = None
    ) -> StateLost | StateKept:
        return kind(
            self._session.model.name,
            words,
            step=step,
            difference="" if difference is None else str(difference),
            conditions=self._conditions,
        )


def _same(one: Step, other: Step) -> bool:
    return compare_sequences([one], [other]) is None
