"""The reference: what TFLM's own interpreter computes on this computer."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from harness.errors import DeviceCrashed
from harness.models.steps import Step, as_steps
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

    def run(self, model: TfliteModel, steps: list[Step], reset_before: Collection[int] = ()) -> list[Step]:
        """Runs steps on a fresh interpreter.

        Args:
            model: the model.
            steps: inputs of each invoke.
            reset_before: numbers of steps before which TFLM's Reset() is called.

        Returns:
            The outputs of each invoke.

        Raises:
            ReferenceUnavailable: TFLM's interpreter cannot run here.
            UnsupportedOp, ArenaTooSmall, InferenceFailed: TFLM refuses the model.
            DeviceCrashed: the model crashes TFLM.
        """
        self._lines.clear()
        self._sessions += 1
        session = self._sessions
        try:
            self._child.call(
                "open",
                session,
                model=model.data,
                arena=_ARENA_BYTES,
                preserve=False,
                variables=model.resource_variables,
                inputs=len(model.inputs),
                outputs=len(model.outputs),
            )
            outputs = []
            for number, step in enumerate(steps):
                if number in reset_before:
                    self._child.call("reset", session)
                outputs.append(self._step(session, model, step))
            self._child.call("close", session)
        except ChildFailed:
            custom = [op.name for op in model.ops if op.custom]
            raise messages.explain_allocation(self._lines, arena=_ARENA_BYTES, custom_ops=custom) from None
        except ChildDied as error:
            raise DeviceCrashed(
                error.reason,
                log=self._lines,
                advice=f"the model {model.name} crashes TFLM itself, on this computer: look at its lines",
            ) from None
        return outputs

    def close(self) -> None:
        """Ends the process."""
        self._child.close()

    def _step(self, session: int, model: TfliteModel, step: Step) -> Step:
        for index, array in enumerate(step):
            self._child.call("stage", session, index=index, data=array.tobytes())
        self._child.call("invoke", session, warmup=0, repeats=1)
        return tuple(
            np.frombuffer(self._child.call("output", session, index=index), dtype=spec.dtype).reshape(spec.shape)
            for index, spec in enumerate(model.outputs)
        )

    def _on_log(self, data: bytes) -> None:
        self._lines.extend(printable(line) for line in data.splitlines())
        del self._lines[:-_KEPT_LINES]


class Reference:
    """The reference for one model."""

    def __init__(self, engine: ReferenceEngine, model: TfliteModel) -> None:
        self._engine = engine
        self.model = model

    def run(self, sequence: Iterable[Any], *, real: bool = False, reset_before: Collection[int] = ()) -> list[Step]:
        """The outputs of each step of a sequence, on a fresh interpreter.

        Args:
            sequence: inputs, as `Session.run` takes them.
            real: the inputs are real values, to be quantised.
            reset_before: numbers of steps before which the state is reset.

        Returns:
            For each step a tuple of output arrays, in the tensors' own dtypes.

        Raises:
            TensorMismatch: an input does not fit.
            ReferenceUnavailable: TFLM's interpreter cannot run here.
        """
        return self._engine.run(self.model, as_steps(sequence, self.model.inputs, real=real), reset_before)
