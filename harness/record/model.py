"""The record of a run: what stands in `run.json`. docs/reports.md describes it for people.

Every text is bounded and printable, every list is bounded; durations are in microseconds where the name ends in `_us`
and in seconds where it is `seconds`. Keys that this version does not know are passed over when a record is read.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

VERSION = 1
MAX_TEXT = 8_000
MAX_LINES = 200
MAX_LINE = 1_000
MAX_SAMPLES = 10_000
MAX_OPS = 2_000
MAX_COMPARISONS = 200
MAX_MEASUREMENTS = 100
MAX_ATTEMPTS = 100

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed", "not run"]
Text = Annotated[str, Meta(max_length=2 * MAX_TEXT)]
Line = Annotated[str, Meta(max_length=2 * MAX_LINE)]
Scalar = bool | int | float | str | None


class Board(Struct, kw_only=True, frozen=True):
    """A board that took part, with the conditions of every figure that it gave.

    Attributes:
        name: what the run calls it: "emulator-0", a serial number, a name of the inventory.
        kind: "host", "emulator" or "pico"; "" with all that follows if it never came up.
        place: what it is plugged into; "" if that is not known.
        lost: why no test could run on it any more; None if it stayed.
    """

    name: Line
    kind: Line = ""
    serial: Line = ""
    place: Line = ""
    chip: Line = ""
    clock_hz: int | None = None
    build: Line = ""
    tflm: Line = ""
    compiler: Line = ""
    target: Line = ""
    kernels: Line = ""
    engine: Line = ""
    pointer_bits: int | None = None
    lost: Text | None = None


class Arena(Struct, kw_only=True, frozen=True):
    """In bytes; see `harness.measure.arena.Arena`."""

    size: int
    used: int | None = None
    head: int | None = None
    tail: int | None = None
    minimum: int | None = None
    categories: dict[str, int] = {}


class Interval(Struct, kw_only=True, frozen=True):
    """Where the median is, at a level of confidence."""

    low: float
    high: float
    level: float


class Latency(Struct, kw_only=True, frozen=True):
    """Durations of invokes, in microseconds, and how they were measured.

    Attributes:
        count: how many there were; the statistics are of all of them.
        samples_us: in order; evenly thinned if there were more than `MAX_SAMPLES`.
        cold_us: of the first invoke after opening, which is not among the samples unless it is the only one.
        interval: of the median; None for fewer than 6 samples.
        needed: invokes after which the median was certain within 1 %; None if that is not known.
        interrupts: what became of them, in words.
    """

    count: int
    samples_us: list[float]
    min: float
    median: float
    p95: float
    max: float
    mean: float
    deviation: float
    jitter: float
    cold_us: float | None = None
    interval: Interval | None = None
    needed: int | None = None
    warmup: int = 0
    interrupts: Line = ""


class Op(Struct, kw_only=True, frozen=True):
    """An operator of a profiled invoke."""

    index: int
    name: Line
    us: float
    macs: int | None = None
    depth: int | None = None


class Compared(Struct, kw_only=True, frozen=True):
    """What outputs were compared with, and in how many steps they were equal within the tolerance."""

    what: Line
    equal: int
    steps: int


class Series(Struct, kw_only=True, frozen=True):
    """One element of one output over the steps of a sequence, as it came and as it was expected, in real values.

    Attributes:
        what: what it was compared with.
        output: number of the output, from 0.
        element: of the output's flattened elements, from 0.
        first: the step that the first value is of.
        steps: how many steps the sequence had.
        values: as they came; None for what is no finite number.
        expected: as they should have come; None likewise.
    """

    what: Line
    output: int
    element: int
    first: int
    steps: int
    values: list[float | None]
    expected: list[float | None]


class Measurement(Struct, kw_only=True, frozen=True):
    """All figures of one session with one model.

    Attributes:
        board: name of one of the run's boards.
        model_bytes: size of the model's file; None if it is not known.
        options: how the model was opened, where that differs from what is usual: "arena" as asked for, ...
        accuracy: scores on a data set, by metric.
    """

    model: Line
    sha256: Line
    board: Line
    arena: Arena
    model_bytes: int | None = None
    options: dict[str, Scalar] = {}
    latency: Latency | None = None
    profile: list[Op] = []
    comparisons: list[Compared] = []
    accuracy: dict[str, float] = {}
    outputs: list[Series] = []


class Attempt(Struct, kw_only=True, frozen=True):
    """One that did not count, because the test ran again."""

    outcome: Outcome
    board: Line | None = None
    message: Text | None = None
    seconds: float = 0.0


class Test(Struct, kw_only=True, frozen=True):
    """One test, as it ended.

    Attributes:
        id: pytest's node id.
        outcome: "not run" is of a test that was collected and that the run ended before.
        seconds: of set-up, call and teardown.
        board: the board that it ran on; None if it needs none.
        message: why it did not pass.
        reruns: how often it was run again.
        attempts: those before.
        log: file of the device's log, from the record's folder.
        log_tail: the last lines of it.
    """

    # Not one of pytest's.
    __test__ = False

    id: Text
    outcome: Outcome
    seconds: float = 0.0
    started: str | None = None
    board: Line | None = None
    message: Text | None = None
    reruns: int = 0
    attempts: list[Attempt] = []
    log: Text | None = None
    log_tail: list[Line] = []
    measurements: list[Measurement] = []


class Run(Struct, kw_only=True, frozen=True):
    """A whole run.

    Attributes:
        version: of this format.
        started: ISO 8601, in UTC.
        seconds: how long it took.
        ended: "complete", "interrupted", or "stopped: REASON".
        command: the command line.
        versions: of "tflm-hil", "python", "pytest".
        rootdir: pytest's, the folder that the ids of tests are relative to; None in records of before it was kept.
        inifile: what pytest was configured by; None likewise, and where there was none.
    """

    version: Literal[1] = field(name="tflm-hil-run")
    started: Line
    seconds: float
    ended: Text
    command: list[Text]
    versions: dict[str, Line]
    boards: list[Board]
    tests: list[Test]
    rootdir: Text | None = None
    inifile: Text | None = None

    def board(self, name: str | None) -> Board | None:
        """The board of that name."""
        return next((board for board in self.boards if board.name == name), None)
