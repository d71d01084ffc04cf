"""A measurement and the conditions that it was made under."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from harness.measure.arena import Arena
from harness.measure.clock import Clock
from harness.measure.latency import Latency, Timing
from harness.measure.profile import OpTime

if TYPE_CHECKING:
    from harness.measure.trace import Trace

MAX_SAMPLES = 100_000
MAX_TRACES = 24


@dataclass(frozen=True)
class Conditions:
    """Where figures come from; figures of unequal conditions are not compared silently.

    Attributes:
        kind: kind of board: "host", "emulator" or "pico".
        serial: the board's serial number.
        engine: "tflm", or "loopback" for a firmware without inference.
        chip: processor.
        clock_hz: its clock, None where it has no fixed one.
        pointer_bits: 32 on a Pico, 64 on the host: arena bytes differ.
        build: the firmware's build id.
        tflm: TFLM commit.
        compiler: what the firmware was compiled with.
        target: what it was built for: "pico", "pico_w", "host".
        kernels: whose, and how they were compiled; "" where the firmware does not tell.
    """

    kind: str
    serial: str
    engine: str
    chip: str
    clock_hz: int | None
    pointer_bits: int
    build: str
    tflm: str
    compiler: str
    target: str = ""
    kernels: str = ""

    def as_properties(self) -> Mapping[str, str]:
        """Names and texts for a report."""
        return {name: "" if value is None else str(value) for name, value in asdict(self).items()}

    def describe(self, place: str = "") -> str:
        """One line for a person.

        Args:
            place: what the board is plugged into, "" if that is of no interest: no figure depends on it.
        """
        at = f" at {place}" if place else ""
        clock = f", {self.clock_hz / 1e6:g} MHz" if self.clock_hz else ""
        return (
            f"{self.kind} {self.serial}{at} ({self.chip}{clock}, {self.pointer_bits}-bit), "
            f"firmware {self.build}, TFLM {self.tflm}"
        )


@dataclass(frozen=True)
class Comparison:
    """How outputs compared with what was expected.

    Attributes:
        what: with what they were compared: "reference", "golden file", ...
        equal_steps: steps that were equal within the tolerance.
        steps: all steps.
    """

    what: str
    equal_steps: int
    steps: int

    @property
    def equal(self) -> bool:
        return self.equal_steps == self.steps


@dataclass
class Measurement:
    """All figures that one session with one model gave.

    Attributes:
        model: the model's name.
        sha256: of the model's file.
        conditions: of the measurement.
        arena: figures of the arena that the model was opened in.
        samples_us: durations of single invokes, in microseconds, in order. The first is that of the first invoke after
            opening, which is cold.
        comparisons: what was found out about outputs.
        profile: the operators of the last invoke that was profiled; with their medians if it was several times.
        scores: how good the predictions on a data set were, by metric: "top1", "rmse", ...
        warmup: invokes that were not measured.
        interrupts: what became of interrupts during the invokes, in words; several where it differed.
        clock: what the durations were measured with, if the board was asked.
        model_bytes: size of the model's file; None if it is not known.
        options: how the model was opened, where that is not as usual, by name.
        traces: elements of outputs over time, of the first comparisons.
    """

    model: str
    sha256: str
    conditions: Conditions
    arena: Arena
    samples_us: list[float] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    profile: tuple[OpTime, ...] = ()
    scores: dict[str, float] = field(default_factory=dict)
    warmup: int = 0
    interrupts: set[str] = field(default_factory=set)
    clock: Clock | None = None
    model_bytes: int | None = None
    options: dict[str, int | bool] = field(default_factory=dict)
    traces: list[Trace] = field(default_factory=list)
    _timed: bool = field(default=True, init=False, repr=False)
    _invoked: bool = field(default=False, init=False, repr=False)

    def add_traces(self, traces: Iterable[Trace]) -> None:
        """Keeps elements over time, up to `MAX_TRACES` of them."""
        self.traces.extend(islice(traces, MAX_TRACES - len(self.traces)))

    def add_samples(self, samples_us: tuple[float, ...]) -> None:
        """Keeps durations, up to `MAX_SAMPLES` of them."""
        self._invoked = True
        if self._timed:
            self.samples_us.extend(samples_us[: MAX_SAMPLES - len(self.samples_us)])

    @property
    def cold(self) -> bool:
        """Whether the next invoke is the first one."""
        return not self._invoked

    @contextmanager
    def untimed(self) -> Iterator[None]:
        """Durations of invokes in here are not kept: something else goes on, and they are not what a product has."""
        before, self._timed = self._timed, False
        try:
            yield
        finally:
            self._timed = before

    @property
    def latency(self) -> Latency | None:
        """Statistics over all invokes, the first, cold one apart if there are others; None before any."""
        if not self.samples_us:
            return None
        board = self.conditions
        timing = Timing(f"{self.model} on {board.kind}", board.describe(), board.clock_hz, self.warmup)
        return Latency.of_first(tuple(self.samples_us), timing)
