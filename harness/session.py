"""A session: one model, open on a board, with its state."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from harness.deadline import Deadline
from harness.errors import HarnessError, Misuse, ProtocolError, SessionClosed
from harness.invoking import Invoking
from harness.measure.arena import Arena
from harness.measure.latency import Latency
from harness.measure.measurement import Measurement
from harness.measure.profile import Profile, median_of
from harness.models.feed import Feed, check_feed, unfed
from harness.models.steps import Array, Step, as_step, as_steps
from harness.models.tflite import TensorSpec, TfliteModel
from harness.protocol.client import Client, InvokeTimes
from harness.results import Invocation, Run

__all__ = ["INVOKE_SECONDS", "Invocation", "Opened", "Run", "Session"]

if TYPE_CHECKING:
    from harness.bench import Bench
    from harness.experiments.state import State

T = TypeVar("T")
INVOKE_SECONDS = 60.0
_MAX_SECONDS = 86_400.0


class Call(Protocol):
    """Does something with the device; errors come typed."""

    def __call__(self, action: Callable[[Client], T], *, model: TfliteModel, arena: int | None = None) -> T: ...


@dataclass(frozen=True)
class Opened:
    """What a session is on the device."""

    number: int
    arena: Arena
    measurement: Measurement


class Session:
    """A model that is open on a board. State is kept from one invoke to the next until `reset` or `reopen`.

    Made by `Bench.open`; closes itself as a context manager.

    Attributes:
        model: the model.
    """

    def __init__(
        self,
        call: Call,
        model: TfliteModel,
        open_on_device: Callable[[int | None], Opened],
        minimum_arena: Callable[[list[Step] | None], int],
        bench: Bench,
    ) -> None:
        self.model = model
        self._call = call
        self._open_on_device = open_on_device
        self._minimum_arena = minimum_arena
        self._bench = bench
        self._closed: str | None = None
        self._invoking = Invoking(model)
        self._opened = open_on_device(None)

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
        feed: Feed = (),
        copy: str = "staged",
        quiet: bool | None = None,
        traffic: int = 0,
        timeout: float = INVOKE_SECONDS,
    ) -> Invocation:
        """Runs the model, on a state that earlier invokes have left, and never resets it.

        Args:
            inputs: one array per input tensor, of its shape and dtype; none to use those of the last call again. With
                `feed` also one array per input that is not fed: the others go on from where the last call left them.
            real: the inputs are real values; they are quantised with each tensor's scale and zero point.
            repeats: measured invokes; each begins with the same inputs, but goes on with the state.
            warmup: invokes before them that are not measured, but for the first one after opening.
            profile: measure each operator too; not every board can.
            feed: pairs of output and input: after each invoke, warm-up and repeats too, the device itself makes that
                output the input of the next one.
            copy: how it does so: "staged" copies all of them aside first; "direct" from tensor to tensor, one after
                another, which is right only where TFLM has not used the memory again (`preserve_all_tensors`).
            quiet: True keeps all interrupts out of each invoke, so that USB is not served; False lets USB's in; None
                keeps them out of its first second.
            traffic: empty lines that are sent behind the command, for USB to have something to serve meanwhile.
            timeout: seconds that all of it may take.

        Raises:
            Misuse: the board cannot do what is asked for.
            TensorMismatch: an input does not fit.
            SessionClosed: the session has ended.
            InferenceFailed, DeviceCrashed, DeviceTimeout, LinkLost: it went wrong on the device.
        """
        if repeats < 1 or warmup < 0:
            raise Misuse(f"repeats of 1 and warmup of 0 at least expected, {repeats} and {warmup} came")
        feed = check_feed(feed, copy, self.model)
        deadline = _deadline(timeout)
        given = unfed(feed, self.model) if len(inputs) < len(self.model.inputs) else range(len(self.model.inputs))
        if inputs or not self.model.inputs:
            step = as_step(inputs, [self.model.inputs[index] for index in given], real=real)
            self._stage(dict(zip(given, step, strict=True)), deadline)

        def on_device(*, warmup: int, repeats: int, profile: bool) -> InvokeTimes:
            return self._ask(
                lambda client: client.invoke(
                    self._opened.number,
                    warmup=warmup,
                    repeats=repeats,
                    profile=profile,
                    seconds=deadline,
                    feed=feed,
                    copy=copy,
                    quiet=quiet,
                    traffic=traffic,
                )
            )

        done = self._invoking.measure(
            on_device, self.measurement, warmup=warmup, repeats=repeats, profile=profile, quiet=quiet
        )
        return Invocation(self._read_outputs(deadline), done.latency, self.model.outputs, done.profile, done.feed_us)

    def profile(
        self,
        *inputs: npt.ArrayLike,
        real: bool = False,
        repeats: int = 1,
        warmup: int = 1,
        timeout: float = INVOKE_SECONDS,
    ) -> Profile:
        """Measures each operator, and counts its multiply-accumulates where the shapes tell them.

        Args:
            inputs: as in `invoke`.
            real: as in `invoke`.
            repeats: profiled invokes; each operator's time is the median of them.
            warmup: invokes before them. The first one after opening runs CALL_ONCE's operators too.
            timeout: seconds that each invoke may take.

        Raises:
            Misuse: the board has no profiler, or the invokes did not run the same operators.
            As `invoke`.
        """
        if repeats < 1:
            raise Misuse(f"repeats of 1 at least expected, {repeats} came")
        first = self.invoke(*inputs, real=real, warmup=warmup, profile=True, timeout=timeout)
        others = [self.invoke(profile=True, timeout=timeout) for _ in range(repeats - 1)]
        ops = median_of([one.profile for one in (first, *others)])
        self.measurement.profile = ops
        return Profile(ops, self.measurement.conditions.clock_hz, repeats)

    def run(
        self,
        sequence: Iterable[Any],
        *,
        real: bool = False,
        reset_before: Collection[int] = (),
        feed: Feed = (),
        copy: str = "staged",
        initial: Sequence[npt.ArrayLike] | None = None,
        timeout: float = INVOKE_SECONDS,
    ) -> Run:
        """Invokes the model once per step.

        Args:
            sequence: for a model of one input an array of shape (steps, *input shape) or an iterable of arrays; for a
                model of several inputs an iterable of tuples.
            real: as in `invoke`.
            reset_before: numbers of steps before which `reset` is called.
            feed: as in `invoke`. Each step then has the inputs that are not fed, and `()` if all are.
            copy: as in `invoke`.
            initial: what the first step begins with: one array per fed input, in the order of the inputs. None goes on
                from where the last call left them.
            timeout: seconds that each step may take.

        Raises:
            As `invoke`; a sequence without steps is a Misuse.
        """
        feed = check_feed(feed, copy, self.model)
        specs = [self.model.inputs[index] for index in unfed(feed, self.model)]
        steps = as_steps(sequence, specs, real=real)
        if not steps:
            raise Misuse("a sequence of at least one step expected, an empty one came")
        _check_resets(reset_before, len(steps))
        if initial is not None:
            fed = sorted(index for _, index in feed)
            values = as_step(initial, [self.model.inputs[index] for index in fed], real=real)
            self._stage(dict(zip(fed, values, strict=True)), _deadline(timeout))
        outputs: list[Step] = []
        latencies: list[Latency] = []
        feed_us: list[float] = []
        for number, step in enumerate(steps):
            if number in reset_before:
                self.reset()
            invocation = self.invoke(*step, feed=feed, copy=copy, timeout=timeout)
            outputs.append(invocation.outputs)
            latencies.append(invocation.latency)
            if feed:
                feed_us.append(invocation.feed_us)
        return Run(outputs, Latency.joined(latencies), self.model.outputs, self.measurement, tuple(feed_us))

    def reset(self) -> None:
        """TFLM's Reset(): variable tensors and resource variables to zero. Initial values that CALL_ONCE gave do not
        come back; `reopen` brings them back.

        Raises:
            SessionClosed: the session has ended.
        """
        self._ask(lambda client: client.reset(self._opened.number))

    def state(
        self,
        sequence: Iterable[Any],
        *,
        real: bool = False,
        feed: Feed = (),
        copy: str = "staged",
        initial: Sequence[npt.ArrayLike] | None = None,
    ) -> State:
        """What must hold of the model's state over a sequence: `session.state(sequence).survives_pause(1.0)`.

        Args:
            sequence, real, feed, copy: as in `run`.
            initial: likewise, but None is real zeros.
        """
        from harness.experiments.state import State

        return State(self._bench, self, sequence, real=real, feed=feed, copy=copy, initial=initial)

    def reopen(self, arena: int | None = None) -> None:
        """Builds the interpreter anew: everything is as after opening.

        Args:
            arena: bytes for the model from now on; None for as many as before.

        Raises:
            SessionClosed: the session has ended.
            ArenaTooSmall, DeviceCrashed, ...: as of `Bench.open`. The session is over then.
        """
        self._ask(lambda client: client.close_model(self._opened.number))
        self._closed = "it was closed to be opened again, which failed"
        self._opened, self._closed = self._open_on_device(arena), None

    def minimum_arena(self, sequence: Iterable[Any] | None = None, *, real: bool = False) -> int:
        """The smallest arena, in bytes, in which the model opens, invokes, and computes what it does in a large one.

        It is looked for by trying sizes, once per model and run. The session ends for it and is opened again, so that
        everything is as after opening; `arena.minimum` and reports have it then. No other session may be open.

        Args:
            sequence: what the model is given at each size, as `run` takes it; None for random inputs.
            real: as in `invoke`.

        Raises:
            Misuse: another session is open.
            ArenaSearchFailed: it was not found. The session is over then.
            SessionClosed: the session has ended.
        """
        steps = None if sequence is None else as_steps(sequence, self.model.inputs, real=real)
        self._ask(lambda client: client.close_model(self._opened.number))
        self._closed = "it was closed to look for its smallest arena, which was not found"
        minimum = self._minimum_arena(steps)
        self._opened, self._closed = self._open_on_device(None), None
        self.note_minimum(minimum)
        return minimum

    def note_minimum(self, minimum: int) -> None:
        """Has `arena` and reports tell of the smallest arena, in bytes, that was found elsewhere."""
        self._opened.measurement.arena = replace(self.arena, minimum=minimum)
        self._opened = replace(self._opened, arena=self._opened.measurement.arena)

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

    def _stage(self, arrays: Mapping[int, Array], deadline: Deadline) -> None:
        for index, array in arrays.items():
            self._write(index, array.tobytes(), deadline)

    def _write(self, index: int, data: bytes, deadline: Deadline) -> None:
        self._ask(lambda client: client.write_input(self._opened.number, index, data, seconds=deadline))

    def _read(self, index: int, deadline: Deadline) -> bytes:
        return self._ask(lambda client: client.read_output(self._opened.number, index, seconds=deadline))

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
