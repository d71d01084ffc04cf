"""What a case file may say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import Self

from harness.measure.bound import Bound, parse_bound
from harness.measure.bytesize import parse_bytes, parse_percent
from harness.measure.duration_limit import DurationLimit, parse_duration_limit
from harness.measure.latency import FIGURES
from harness.measure.scores import check_bound

FORMAT_VERSION = 1
MAX_STEPS = 100_000
BOARD_KINDS = ("host", "emulator", "pico")
METRICS = ("top1", "top3", "top5", "mae", "rmse", "r2", "agrees")

Kind = Literal["host", "emulator", "pico"]
Disturbance = Literal["pause", "relink", "logging", "another_model", "second_core"]
Bytes = Annotated[int, BeforeValidator(parse_bytes)]
Percent = Annotated[float, BeforeValidator(parse_percent)]
Longest = Annotated[DurationLimit, BeforeValidator(parse_duration_limit)]


def misplaced(message: str, *place: int | str) -> PydanticCustomError:
    """An error whose place in the file is not the one that pydantic knows; `place` is relative to the section."""
    # pydantic fills in what stands in braces; a name that has braces is not meant.
    return PydanticCustomError("misplaced", "{text}", {"text": message, "place": place})


def _check_text(text: str) -> str:
    if not text.isprintable() or not text.strip():
        raise ValueError("printable text expected, on one line and not blank")
    return text


def _check_name(name: str) -> str:
    # A name becomes part of a test's id, between brackets, and of a file's name.
    if len(name) > 60 or any(character in name for character in "[]:/\\"):
        raise ValueError("a name of at most 60 characters without [ ] : / \\ expected")
    return name


def _check_version(version: Any) -> Any:
    if type(version) is not int or version != FORMAT_VERSION:
        raise ValueError(f"format version {FORMAT_VERSION} expected, the only one that this harness reads")
    return version


def _bound(metric: str, text: Any) -> Bound:
    return check_bound(metric, parse_bound(text))


# File names, keys and models too: what stands in messages must not be able to write to a terminal.
Text = Annotated[str, AfterValidator(_check_text)]
Name = Annotated[Text, AfterValidator(_check_name)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ArenaLimit(_Section):
    """How much tensor arena the model may need.

    `max` is one size, or one per kind of board: host bytes are those of a 64-bit computer.
    `headroom` is above the smallest arena that works; `minimum` compares that one with the limit.
    `verify` compares the outputs in an arena of `size` with those in a larger one.
    """

    max: Bytes | dict[Kind, Bytes] | None = None
    headroom: Percent | None = None
    size: Bytes | None = None
    minimum: bool = False
    verify: bool = False

    @model_validator(mode="after")
    def _effective(self) -> Self:
        if self.headroom is not None and "minimum" in self.model_fields_set and not self.minimum:
            raise misplaced(
                "headroom is that above the smallest arena: leave minimum out, or let it be true", "minimum"
            )
        if self.verify and self.size is None:
            raise misplaced("verify has no effect without size", "verify")
        return self

    def about_minimum(self, kind: str) -> bool:
        """Whether the smallest arena has to be known on a kind of board."""
        bounded = self.max is None or self.limit(kind) is not None or self.size is not None
        return self.minimum or (self.headroom is not None and bounded)

    def limit(self, kind: str) -> int | None:
        """The limit in bytes for a kind of board, None where there is none."""
        if isinstance(self.max, Mapping):
            return next((size for name, size in self.max.items() if name == kind), None)
        return self.max


class LatencyLimit(_Section):
    """Limits on one kind of board, in time or in cycles of its clock."""

    median: Longest | None = None
    p95: Longest | None = None
    max: Longest | None = None
    cold: Longest | None = None
    jitter: Longest | None = None

    def limits(self) -> dict[str, DurationLimit]:
        """The limits that there are, by figure."""
        return {name: limit for name in FIGURES if (limit := getattr(self, name)) is not None}


class LatencySection(_Section):
    """How invokes are timed, and limits per kind of board."""

    repeats: Annotated[int, Field(ge=1, le=MAX_STEPS)] = 50
    warmup: Annotated[int, Field(ge=0, le=MAX_STEPS)] = 5
    profile: bool = False
    host: LatencyLimit = LatencyLimit()
    emulator: LatencyLimit = LatencyLimit()
    pico: LatencyLimit = LatencyLimit()

    @model_validator(mode="after")
    def _cycles_need_a_clock(self) -> Self:
        for name, limit in self.host.limits().items():
            if limit.cycles is not None:
                raise misplaced("the host has no fixed clock: a duration expected, such as 5 ms", "host", name)
        return self

    def limit(self, kind: str) -> LatencyLimit:
        """The limits for a kind of board."""
        limits = {"host": self.host, "emulator": self.emulator, "pico": self.pico}
        return limits.get(kind, LatencyLimit())


class Inputs(_Section):
    """Where the inputs of the steps come from: exactly one of `generator`, `file` and `values`."""

    generator: Literal["uniform", "normal", "zeros", "ones", "ramp"] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    low: float = -1.0
    high: float = 1.0
    file: Text | None = None
    key: Text | None = None
    values: list[Any] | None = None
    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] | None = None
    real: bool = True

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [name for name in ("generator", "file", "values") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of generator, file, values expected, came {', '.join(given) or 'none'}")
        if self.generator is not None and not self.low <= self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        # What has no effect is not what its author believes.
        owners = {
            "seed": ("generator",),
            "low": ("generator",),
            "high": ("generator",),
            "key": ("file",),
            "steps": ("generator", "file"),
        }
        for name, sources in owners.items():
            if name in self.model_fields_set and given[0] not in sources:
                raise misplaced(f"{name} has no effect with {given[0]}, only with {' and '.join(sources)}", name)
        return self


class ToleranceSection(_Section):
    """How far an output may be off: `absolute` and `relative`, or `lsb`."""

    absolute: Annotated[float, Field(ge=0)] | None = None
    relative: Annotated[float, Field(ge=0)] | None = None
    lsb: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        real = self.absolute is not None or self.relative is not None
        if real == (self.lsb is not None):
            raise ValueError("absolute and/or relative expected, or lsb")
        return self


class Expect(_Section):
    """What the outputs must be: those of the `reference`, of a `golden` file, or `values`.

    With both `reference` and `golden`, the golden file takes the reference's place where TFLM cannot run.
    """

    reference: Literal["exact", "top-1"] | ToleranceSection | None = None
    golden: Text | None = None
    values: list[Any] | None = None
    tolerance: Literal["exact", "top-1"] | ToleranceSection = "exact"

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.reference is None and self.golden is None and self.values is None:
            raise ValueError("one of reference, golden, values expected")
        if "tolerance" in self.model_fields_set and self.values is None and self.reference is not None:
            raise misplaced("tolerance has no effect on reference; write it there: reference: {lsb: 1}", "tolerance")
        return self


class AccuracySection(_Section):
    """How good the predictions on a labelled data set must be; at least one metric has a limit."""

    data: Text
    labels: Text | None = None
    inputs: Text | list[Text] | None = None
    targets: Text | None = None
    classes: list[Text] = []
    divide: Annotated[float, Field(gt=0)] | None = None
    real: bool | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_STEPS)] | None = None
    sequences: bool = False
    state: Literal["reset", "keep"] | None = None
    skip: Annotated[int, Field(ge=0, le=MAX_STEPS)] = 0
    top1: Annotated[Bound, BeforeValidator(partial(_bound, "top1"))] | None = None
    top3: Annotated[Bound, BeforeValidator(partial(_bound, "top3"))] | None = None
    top5: Annotated[Bound, BeforeValidator(partial(_bound, "top5"))] | None = None
    mae: Annotated[Bound, BeforeValidator(partial(_bound, "mae"))] | None = None
    rmse: Annotated[Bound, BeforeValidator(partial(_bound, "rmse"))] | None = None
    r2: Annotated[Bound, BeforeValidator(partial(_bound, "r2"))] | None = None
    agrees: Annotated[Bound, BeforeValidator(partial(_bound, "agrees"))] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.bounds():
            raise ValueError(f"a limit for at least one of {', '.join(METRICS)} expected")
        if self.sequences and self.state is not None:
            raise misplaced("state has no effect with sequences: each begins with a state of its own", "state")
        if self.skip and not self.sequences:
            raise misplaced("skip has no effect without sequences: true", "skip")
        if self.divide is not None and self.real is False:
            raise misplaced("divide has no effect on raw inputs (real: false)", "divide")
        return self

    def bounds(self) -> dict[str, Bound]:
        """The limits by metric."""
        return {metric: bound for metric in METRICS if (bound := getattr(self, metric)) is not None}


class StateSection(_Section):
    """What must hold for a model with state.

    `remembers`: whether the outputs of the sequence differ from those of a model that is reset before each step.
    `reset`: "restarts" if after `reset()` the sequence gives what it gave at first; "differs" if it does not, as where
    CALL_ONCE gives an initial value that Reset() does not give again.
    `reopen`: the same question for building the interpreter anew.
    `reset_before`: steps before which the state is reset, on the board and in the reference.
    `survives`: what may happen in the middle of the sequence without a change of any output.
    """

    remembers: bool | None = None
    reset: Literal["restarts", "differs"] | None = None
    reopen: Literal["restarts", "differs"] | None = None
    reset_before: list[Annotated[int, Field(ge=0)]] = []
    survives: list[Disturbance] = []

    def demands(self) -> bool:
        """Whether it says anything that could turn out false."""
        return bool(self.survives) or any(answer is not None for answer in (self.remembers, self.reset, self.reopen))


class CaseSection(_Section):
    """One case."""

    name: Name
    model: Text | None = None
    arena: ArenaLimit | None = None
    latency: LatencySection | None = None
    inputs: Inputs | None = None
    expect: Expect | None = None
    state: StateSection | None = None
    accuracy: AccuracySection | None = None
    preserve_all_tensors: bool = False

    @model_validator(mode="after")
    def _inputs_given(self) -> Self:
        needing = [name for name in ("latency", "expect", "state") if getattr(self, name) is not None]
        if needing and self.inputs is None:
            raise ValueError(f"inputs expected, for {' and '.join(needing)}")
        if not needing and self.arena is None and self.accuracy is None:
            raise ValueError("nothing to check: at least one of arena, latency, expect, state, accuracy expected")
        vacuous = self.state is not None and not self.state.demands()
        if vacuous and needing == ["state"] and self.arena is None and self.accuracy is None:
            raise misplaced("nothing to check: at least one of remembers, reset, reopen, survives expected", "state")
        return self


class CaseFileSection(_Section):
    """A whole file."""

    version: Annotated[int, BeforeValidator(_check_version), Field(alias="tflm-hil")]
    model: Text | None = None
    cases: Annotated[list[CaseSection], Field(min_length=1)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        # By the stem: that is what test ids are made of.
        models = [case.model or self.model for case in self.cases]
        names = [(model and PurePath(model).stem, case.name) for model, case in zip(models, self.cases, strict=True)]
        for number, (model, name) in enumerate(names):
            if model is None:
                raise misplaced(f"case {name!r} has no model, and the file names none", "cases", number)
            if (model, name) in names[:number]:
                raise misplaced(f"two cases of models called {model!r} have the name {name!r}", "cases", number, "name")
        return self
