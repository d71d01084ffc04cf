"""The reference: what TFLM's own interpreter computes on this computer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.errors import DeviceCrashed, InferenceFailed
from harness.measure.compare import compare_sequences
from harness.measure.tolerance import Tolerance
from harness.models.feed import COPIES, Feed, all_inputs, check_feed, fed_outputs, unfed, zeros
from harness.models.steps import Step, as_step, as_steps
from harness.models.tflite import TfliteModel
from harness.protocol.devicelog import printable
from harness.tflm import messages
from harness.tflm.child import ChildDied, ChildFailed, TflmChild

_ARENA_BYTES = 64 * 1024 * 1024
_KEPT_LINES = 40


class ReferenceEngine:
    """A TFLM process of the reference's own, apart from any board's. Started on first use."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._child = TflmChild(self._on_log)
        self._sessions = 0

    def run(
        self,
        model: TfliteModel,
        steps: list[Step],
        reset_before: Collection[int] = (),
        feed: Feed = (),
        initial: Step | None = None,
    ) -> list[Step]:
        """Runs steps on a fresh interpreter.

        Args:
            model: the model.
            steps: inputs of each invoke that are not fed.
            reset_before: numbers of steps before which TFLM's Reset() is called, and inputs that are fed are as at
                first again.
            feed: pairs of output and input: what is given to the next invoke.
            initial: what the first invoke is given instead, in the order of the inputs; None for real zeros.

        Returns:
            The outputs of each invoke.

        Raises:
            ReferenceUnavailable: TFLM's interpreter cannot run here.
            UnsupportedOp, ArenaTooSmall, InferenceFailed: TFLM refuses the model.
            DeviceCrashed: the model crashes TFLM.
        """
        initial = zeros(feed, model) if initial is None else initial
        fed = initial
        with self.open(model) as session:
            outputs = []
            for number, step in enumerate(steps):
                if number in reset_before:
                    session.reset()
                    fed = initial
                outputs.append(session.step(all_inputs(feed, model, step, fed)))
                fed = fed_outputs(feed, outputs[-1])
        return outputs

    @contextlib.contextmanager
    def open(self, model: TfliteModel) -> Iterator[ReferenceSession]:
        """A model on an interpreter of its own, for sequences that are not known beforehand.

        Raises:
            As `run`.
        """
        self._lines.clear()
        self._sessions += 1
        session = ReferenceSession(model, self._sessions, self._child, self._lines)
        session.open()
        try:
            yield session
        except BaseException:
            # What is on its way tells more.
            with contextlib.suppress(ChildFailed, ChildDied):
                self._child.call("close", session.number)
            raise
        session.close()

    def close(self) -> None:
        """Ends the process."""
        self._child.close()

    def _on_log(self, data: bytes) -> None:
        self._lines.extend(printable(line) for line in data.splitlines())
        del self._lines[:-_KEPT_LINES]


class ReferenceSession:
    """A model in the reference's process; its state goes on from step to step. Made by `ReferenceEngine.open`."""

    def __init__(self, model: TfliteModel, number: int, child: TflmChild, lines: list[str]) -> None:
        self.number = number
        self._model = model
        self._child = child
        self._lines = lines

    def step(self, step: Step) -> Step:
        """The outputs of one invoke.

        Raises:
            InferenceFailed: TFLM returns an error.
            DeviceCrashed: the model crashes TFLM.
        """
        inputs = [array.tobytes() for array in step]
        done = self._call("invoke", inputs=inputs, warmup=0, repeats=1)
        return tuple(
            np.frombuffer(data, dtype=spec.dtype).reshape(spec.shape)
            for data, spec in zip(done["outputs"], self._model.outputs, strict=True)
        )

    def reset(self) -> None:
        """TFLM's Reset()."""
        self._call("reset")

    def reopen(self) -> None:
        """Builds the interpreter anew."""
        self.close()
        self.open()

    def open(self) -> None:
        """Builds the interpreter.

        Raises:
            UnsupportedOp, ArenaTooSmall, InferenceFailed: TFLM refuses the model.
            DeviceCrashed: the model crashes TFLM.
        """
        model = self._model
        try:
            self._call(
                "open",
                model=model.data,
                arena=_ARENA_BYTES,
                preserve=False,
                variables=model.resource_variables,
                inputs=len(model.inputs),
                outputs=len(model.outputs),
            )
        except InferenceFailed:
            # One that could not be opened cannot be closed either.
            with contextlib.suppress(ChildFailed, ChildDied):
                self._child.call("close", self.number)
            custom = [op.name for op in model.ops if op.custom]
            raise messages.explain_allocation(self._lines, arena=_ARENA_BYTES, custom_ops=custom) from None

    def close(self) -> None:
        """Ends the interpreter."""
        self._call("close")

    def _call(self, operation: str, **arguments: Any) -> Any:
        try:
            return self._child.call(operation, self.number, **arguments)
        except ChildFailed as error:
            raise InferenceFailed(f"{self._model.name} in the reference: {error}", log=self._lines) from None
        except ChildDied as error:
            raise DeviceCrashed(
                error.reason,
                log=self._lines,
                advice=f"the model {self._model.name} crashes TFLM itself, on this computer: look at its lines",
            ) from None


@dataclass(frozen=True)
class ReferenceRun:
    """What the reference computed for a sequence.

    Attributes:
        outputs: per step a tuple of output arrays, in the tensors' own dtypes.
        stateless: computes the same with the state cleared before each step; None for a model without state.
    """

    outputs: list[Step]
    stateless: Callable[[], list[Step]] | None = None

    def __len__(self) -> int:
        return len(self.outputs)

    def __getitem__(self, step: int) -> Step:
        return self.outputs[step]

    def __iter__(self) -> Iterator[Step]:
        return iter(self.outputs)

    def diagnose(self, outputs: list[Step], tolerance: Tolerance, first: int) -> str | None:
        """Why a device may have computed something else, if it can be told.

        Args:
            outputs: the device's.
            tolerance: as they were compared.
            first: the first step that differs, from 0.
        """
        if self.stateless is None or first == 0 or len(outputs) != len(self.outputs):
            return None
        lost = f"state lost at step {first + 1}: all calls up to the {ordinal(first)} are right"
        if compare_sequences(outputs, self.stateless(), tolerance) is None:
            return f"{lost}, and all are those of a model whose state is cleared before each call"
        return f"{lost}, what came after is not; a kernel that forgets or damages its state does this"


def ordinal(number: int) -> str:
    """ "first", "second", "3rd", ... for a number from 1."""
    if number in (1, 2):
        return ("first", "second")[number - 1]
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


class Reference:
    """The reference for one model."""

    def __init__(self, engine: ReferenceEngine, model: TfliteModel) -> None:
        self._engine = engine
        self.model = model

    def run(
        self,
        sequence: Iterable[Any],
        *,
        real: bool = False,
        reset_before: Collection[int] = (),
        feed: Feed = (),
        initial: Sequence[npt.ArrayLike] | None = None,
    ) -> ReferenceRun:
        """The outputs of each step of a sequence, on a fresh interpreter.

        Args:
            sequence: inputs, as `Session.run` takes them.
            real: the inputs are real values, to be quantised.
            reset_before: numbers of steps before which the state is reset.
            feed: pairs of output and input: what the harness gives to the next invoke, as `Session.run` takes them.
            initial: what the first step begins with, likewise; None for real zeros.

        Raises:
            TensorMismatch: an input does not fit.
            ReferenceUnavailable: TFLM's interpreter cannot run here.
        """
        model = self.model
        feed = check_feed(feed, COPIES[0], model)
        steps = as_steps(sequence, [model.inputs[index] for index in unfed(feed, model)], real=real)
        first = zeros(feed, model)
        if initial is not None:
            first = as_step(initial, [model.inputs[target] for target in sorted(t for _, t in feed)], real=real)
        outputs = self._engine.run(model, steps, reset_before, feed, first)

        def stateless() -> list[Step]:
            return self._engine.run(model, steps, range(len(steps)), feed, first)

        return ReferenceRun(outputs, stateless if model.stateful or feed else None)
