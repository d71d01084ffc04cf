"""A measurement and the conditions that it was made under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from harness.measure.arena import Arena
from harness.measure.latency import Latency
from harness.measure.profile import OpTime

MAX_SAMPLES = 100_000


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

    def as_properties(self) -> Mapping[str, str]:
        """Names and texts for a report."""
        return {name: "" if value is None else str(value) for name, value in asdict(self).items()}

    def describe(self) -> str:
        """One line for a person."""
        clock = f", {self.clock_hz / 1e6:g} MHz" if self.clock_hz else ""
        return (
            f"{self.kind} {self.serial} ({self.chip}{clock}, {self.pointer_bits}-bit), "
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
        samples_us: durations of single invokes, in microseconds, in order, the first one cold.
        comparisons: what was found out about outputs.
        profile: the operators of the last invoke that was profiled.
    """

    model: str
    sha256: str
    conditions: Conditions
    arena: Arena
    samples_us: list[float] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    profile: tuple[OpTime, ...] = ()

    def add_samples(self, samples_us: tuple[float, ...]) -> None:
        """Keeps durations, up to `MAX_SAMPLES` of them."""
        self.samples_us.extend(samples_us[: MAX_SAMPLES - len(self.samples_us)])

    @property
    def latency(self) -> Latency | None:
        """Statistics over all invokes, without the first, cold one if there are others; None before any."""
        warm = self.samples_us[1:] or self.samples_us
        return Latency(tuple(warm)) if warm else None
