"""A session: one model, open on a board, with its state."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from harness.deadline import Deadline
from harness.errors import HarnessError, Misuse, OutputMismatch, ProtocolError, SessionClosed
from harness.measure.arena import Arena
from harness.measure.compare import EXACT, Tolerance, compare_sequences
from harness.measure.latency import Latency
from harness.measure.measurement import Comparison, Measurement
from harness.measure.profile import OpTime
from harness.models.quantization import dequantize
from harness.models.reference import ReferenceRun
from harness.models.steps import Array, Step, as_step, as_steps
from harness.models.tflite import TensorSpec, TfliteModel
from harness.protocol.client import Client, InvokeTimes
from harness.protocol.messages import OpTicks

T = TypeVar("T")
INVOKE_SECONDS = 60.0
_MAX_SECONDS = 86_400.0
_CHECK_STATE = (
    "find what resets the state or writes over it: an optimised LSTM kernel (CMSIS-NN's forgets), an interpreter built "
    "for each call, or outputs copied to inputs from memory that TFLM has used again"
)
_CHECK_KERNELS = "if other kernels may round otherwise, allow it with a tolerance; if not, see the first difference"


class Call(Protocol):
    """Does something with the device; errors come typed."""

    def __call__(self, action: Callable[[Client], T], *, model: TfliteModel, arena: int | None = None) -> T: ...


@dataclass(frozen=True)
class Opened:
    """What a session is on the device."""

    number: int
    arena: Arena
    measurement: Measurement


@dataclass(frozen=True)
class Invocation:
    """The result of one call of `Session.invoke`.

    Attributes:
        outputs: one array per output tensor, in its own dtype, as the last invoke left them.
        latency: of the measured invokes.
        profile: per operator, if asked for.
    """

    outputs: tuple[Array, ...]
    latency: Latency
    specs: tuple[TensorSpec, ...]
    profile: tuple[OpTime, ...] = ()

    @property
    def real_outputs(self) -> tuple[npt.NDArray[np.float32], ...]:
        """The outputs as real values, by the model's scales and zero points."""
        return tuple(dequantize(array, spec) for array, spec in zip(self.outputs, self.specs, strict=True))


@dataclass(frozen=True)
class Run:
    """The result of a sequence of invokes.

    Attributes:
        outputs: per step a tuple of output arrays.
        latency: one duration per step.
    """

    outputs: list[Step]
    latency: Latency
    specs: tuple[TensorSpec, ...]
    measurement: Measurement

    def __len__(self) -> int:
        return len(self.outputs)

    @property
    def real_outputs(self) -> list[tuple[npt.NDArray[np.float32], ...]]:
        """The outputs as real values."""
        return [
            tuple(dequantize(array, spec) for array, spec in zip(step, self.specs, strict=True))
            for step in self.outputs
        ]

    def assert_equals(
        self, expected: Run | ReferenceRun | Sequence[Step], tolerance: Tolerance = EXACT, *, what: str = "reference"
    ) -> None:
        """Demands that all outputs of all steps are those expected, and notes the verdict for the report.

        Args:
            expected: another run, or what `Reference.run` returned.
            tolerance: exact by default.
            what: what `expected` is, for messages and reports.

        Raises:
            OutputMismatch: they differ; the message shows since which step, where, and by how much.
        """
        outputs = expected.outputs if isinstance(expected, Run | ReferenceRun) else list(expected)
        difference = compare_sequences(self.outputs, outputs, tolerance)
        steps = len(self.outputs)
        equal = steps if difference is None else max(0, steps - difference.differing_steps)
        self.measurement.comparisons.append(Comparison(what, equal, steps))
        if difference is None:
            return
        reason = None
        if isinstance(expected, ReferenceRun):
            reason = expected.diagnose(self.outputs, tolerance, difference.step)
        advice = _CHECK_STATE if reason else _CHECK_KERNELS
        reason = reason or f"outputs differ from the {what}"
        raise OutputMismatch(
            f"{self.measurement.model}: {reason} ({tolerance.describe()} expected)\n"
            f"{difference}\non {self.measurement.conditions.describe()}",
            advice=advice,
        )


class Session:
    """A model that is open on a board. State is kept from one invoke to the next until `reset` or `reopen`.

    Made by `Bench.open`; closes itself as a context manager.

    Attributes:
        model: the model.
    """

    def __init__(self, call: Call, model: TfliteModel, open_on_device: Callable[[], Opened]) -> None:
        self.model = model
        self._call = call
        self._open_on_device = open_on_device
        self._closed: str | None = None
        self._opened = open_on_device()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.close()
        except HarnessError:
            # An error that is on its way tells more than one of tidying up after it.
            if kind is None:
                raise

    @property
    def open(self) -> bool:
        """Whether the session has not ended."""
        return self._closed is None

    @property
    def arena(self) -> Arena:
        """Figures of the arena that the model is open in."""
        return self._opened.arena

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The model's input tensors."""
        return self.model.inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The model's output tensors."""
        return self.model.outputs

    @property
    def measurement(self) -> Measurement:
        """All figures of this session so far."""
        return self._opened.measurement

    def invoke(
        self,
        *inputs: npt.ArrayLike,
        real: bool = False,
        repeats: int = 1,
        warmup: int = 0,
        profile: bool = False,
        timeout: float = INVOKE_SECONDS,
    ) -> Invocation:
        """Runs the model, on a state that earlier invokes have left, and never resets it.

        Args:
            inputs: one array per input tensor, of its shape and dtype; none to use those of the last call again.
            real: the inputs are real values; they are quantised with each tensor's scale and zero point.
            repeats: measured invokes; each begins with the same inputs, but goes on with the state.
            warmup: invokes before them that are not measured.
            profile: measure each operator too; not every board can.
            timeout: seconds that all of it may take.

        Raises:
            TensorMismatch: an input does not fit.
            SessionClosed: the session has ended.
            InferenceFailed, DeviceCrashed, DeviceTimeout, LinkLost: it went wrong on the device.
        """
        if repeats < 1 or warmup < 0:
            raise Misuse(f"repeats of 1 and warmup of 0 at least expected, {repeats} and {warmup} came")
        deadline = _deadline(timeout)
        if inputs or not self.model.inputs:
            self._stage(as_step(inputs, self.model.inputs, real=real), deadline)
        times = self._ask(
            lambda client: client.invoke(
                self._opened.number, warmup=warmup, repeats=repeats, profile=profile, seconds=deadline.remaining()
            )
        )
        samples = tuple(ticks * 1e6 / times.tick_hz for ticks in times.ticks)
        self.measurement.add_samples(samples)
        ops = _profile(times)
        self.measurement.profile = ops or self.measurement.profile
        return Invocation(self._read_outputs(deadline), Latency(samples), self.model.outputs, ops)

    def run(
        self,
        sequence: Iterable[Any],
        *,
        real: bool = False,
        reset_before: Collection[int] = (),
        timeout: float = INVOKE_SECONDS,
    ) -> Run:
        """Invokes the model once per step.

        Args:
            sequence: for a model of one input an array of shape (steps, *input shape) or an iterable of arrays; for a
                model of several inputs an iterable of tuples.
            real: as in `invoke`.
            reset_before: numbers of steps before which `reset` is called.
            timeout: seconds that each step may take.

        Raises:
            As `invoke`; a sequence without steps is a Misuse.
        """
        steps = as_steps(sequence, self.model.inputs, real=real)
        if not steps:
            raise Misuse("a sequence of at least one step expected, an empty one came")
        _check_resets(reset_before, len(steps))
        outputs: list[Step] = []
        samples: list[float] = []
        for number, step in enumerate(steps):
            if number in reset_before:
                self.reset()
            invocation = self.invoke(*step, timeout=timeout)
            outputs.append(invocation.outputs)
            samples.extend(invocation.latency.samples_us)
        return Run(outputs, Latency(tuple(samples)), self.model.outputs, self.measurement)

    def reset(self) -> None:
        """TFLM's Reset(): variable tensors and resource variables to zero. Initial values that CALL_ONCE gave do not
        come back; `reopen` brings them back.

        Raises:
            SessionClosed: the session has ended.
        """
        self._ask(lambda client: client.reset(self._opened.number))

    def reopen(self) -> None:
        """Builds the interpreter anew, in an arena as before: everything is as after opening.

        Raises:
            SessionClosed: the session has ended.
        """
        self._ask(lambda client: client.close_model(self._opened.number))
        self._opened = self._open_on_device()

    def close(self, why: str = "it was closed") -> None:
        """Ends the session on the device; a second call does nothing.

        Args:
            why: what whoever uses it later is told.
        """
        if self._closed is None:
            self._ask(lambda client: client.close_model(self._opened.number))
            self._closed = why

    def lose(self, why: str) -> None:
        """Marks the session as ended without asking the device."""
        self._closed = self._closed or why

    def _ask(self, action: Callable[[Client], T]) -> T:
        if self._closed is not None:
            raise SessionClosed(f"the session with {self.model.name} is over: {self._closed}")
        return self._call(action, model=self.model, arena=self._opened.arena.size)

    def _stage(self, step: Step, deadline: Deadline) -> None:
        for index, array in enumerate(step):
            self._write(index, array.tobytes(), deadline)

    def _write(self, index: int, data: bytes, deadline: Deadline) -> None:
        seconds = deadline.remaining()
        self._ask(lambda client: client.write_input(self._opened.number, index, data, seconds=seconds))

    def _read(self, index: int, deadline: Deadline) -> bytes:
        seconds = deadline.remaining()
        return self._ask(lambda client: client.read_output(self._opened.number, index, seconds=seconds))

    def _read_outputs(self, deadline: Deadline) -> tuple[Array, ...]:
        arrays = []
        for index, spec in enumerate(self.model.outputs):
            data = self._read(index, deadline)
            if len(data) != spec.nbytes:
                raise ProtocolError(
                    f"output {index} of {self.model.name}: {spec.nbytes} bytes expected, {len(data)} came"
                )
            arrays.append(np.frombuffer(data, dtype=spec.dtype).reshape(spec.shape))
        return tuple(arrays)


def _check_resets(reset_before: Collection[int], steps: int) -> None:
    beyond = [number for number in reset_before if not 0 <= number < steps]
    if beyond:
        raise Misuse(f"reset_before: steps from 0 to {steps - 1} expected, {beyond[0]} came")


def _deadline(timeout: float) -> Deadline:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= _MAX_SECONDS:
        raise Misuse(f"timeout: seconds above 0 and up to {_MAX_SECONDS:g} expected, {timeout!r} came")
    return Deadline(timeout)


def _profile(times: InvokeTimes) -> tuple[OpTime, ...]:
    def op_time(op: OpTicks) -> OpTime:
        return OpTime(op.op, op.name, op.ticks * 1e6 / times.tick_hz)

    return tuple(op_time(op) for op in times.ops)
