"""Baselines as YAML files that a person can review: one figure per line, always in the same order."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.plain_yaml import NotPlain, demand_plain
from harness.record.figures import Figure, Key, Spread, rounded
from harness.record.model import Board
from harness.regression.baseline import Baseline, Override
from harness.regression.errors import BaselineError, ThresholdError
from harness.regression.threshold import parse_threshold

VERSION = 1
MAX_BYTES = 16 * 1024 * 1024
MAX_FILES = 200
_MAX_DEPTH = 10
_MAX_EVENTS = 2_000_000
_HEADING = "# Written by `tflm-hil baseline save`. Thresholds may be set here, and stay; comments do not stay."
# Which process it was says nothing, and would be another line in every diff.
_PROGRAMS = ("host", "emulator")
_VALUE = re.compile(r"(-?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:e[+-]?[0-9]{1,3})?)(?: (B|us))?")
# C is ten times faster, and not everywhere.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Given(_Section):
    kind: str
    chip: str
    clock_hz: int | None = Field(None, ge=1)
    pointer_bits: int | None = Field(None, ge=8, le=128)
    engine: str
    compiler: str
    kernels: str = ""
    target: str = ""
    tflm: str
    build: str
    harness: str
    serial: str = ""


class _Sampled(_Section):
    value: str
    samples: int = Field(0, ge=0)
    interval: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    setup: str = ""


class _Entry(_Section):
    model: str = Field(min_length=1)
    test: str = ""
    sha256: str = ""
    conditions: dict[str, str | int | None] = {}
    figures: dict[str, str | _Sampled]


class _Threshold(_Section):
    model: str = "*"
    test: str = "*"
    figure: str = "*"
    allow: str
    note: str = ""


class _File(_Section):
    version: int = Field(alias="tflm-hil-baseline", ge=1, le=VERSION)
    configuration: str = ""
    conditions: _Given
    thresholds: list[_Threshold] = []
    figures: list[_Entry]


def load_baselines(folder: Path) -> list[Baseline]:
    """All baselines of a folder, by the names of their files; none of a folder that is not there.

    Raises:
        BaselineError: one cannot be read, or there are too many.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".yaml") if folder.exists() else []
    except OSError as error:
        raise BaselineError(f"cannot be listed: {error}", path=str(folder)) from None
    if len(files) > MAX_FILES:
        raise BaselineError(f"at most {MAX_FILES} files expected, there are {len(files):,}", path=str(folder))
    return [load_baseline(path) for path in files]


def load_baseline(path: Path) -> Baseline:
    """A baseline from its file.

    Raises:
        BaselineError: it cannot be read, or does not say what it must.
    """
    name = str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BaselineError(f"at most {MAX_BYTES:,} bytes expected", path=name)
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BaselineError(f"cannot be read: {error}", path=name) from None
    try:
        demand_plain(text, _Loader, depth=_MAX_DEPTH, events=_MAX_EVENTS)
        data = yaml.load(text, _Loader)
    except NotPlain as error:
        raise BaselineError(f"line {error.line}: {error}", path=name) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f"line {mark.line + 1}: "
        raise BaselineError(f"{line}not YAML: {getattr(error, 'problem', None) or error}", path=name) from None
    # What YAML takes for a number or a date may be none.
    except (ValueError, RecursionError) as error:
        raise BaselineError(f"not YAML: {error}", path=name) from None
    try:
        return _baseline(_File.model_validate(data), name)
    except ValidationError as error:
        raise BaselineError(_first_problem(error), path=name) from None
    except ThresholdError as error:
        raise BaselineError(error.message, path=name, advice=error.advice) from None


def save_baseline(baseline: Baseline, folder: Path) -> Path:
    """Writes a baseline into a folder, which is made; a file of the same configuration is replaced at once.

    Raises:
        BaselineError: it cannot be written.
    """
    path = folder / baseline.file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".baseline-", dir=folder)
        try:
            os.close(handle)
            Path(temporary).write_text(baseline_text(baseline), "utf-8")
            # mkstemp lets nobody else read it, and this is a file of a repository.
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        advice = "choose a folder that can be written to: --into DIR"
        raise BaselineError(f"cannot be written: {error}", path=str(path), advice=advice) from None
    return path


def baseline_text(baseline: Baseline) -> str:
    """The file's text. The same baseline always gives the same text."""
    header: dict[str, Any] = {"tflm-hil-baseline": VERSION}
    if baseline.configuration:
        header["configuration"] = baseline.configuration
    whole = _conditions(baseline.conditions, baseline.harness)
    header["conditions"] = whole
    parts = [_HEADING, _dump(header)]
    if baseline.overrides:
        lines = [f"- {_flow(_threshold(override))}" for override in baseline.overrides]
        parts.append("\n".join(["thresholds:", *lines, ""]))
    parts.append("figures:" if baseline.figures else "figures: []\n")
    for entry in _entries(baseline, whole):
        parts.append("\n".join(entry))
    return "\n".join(parts).rstrip("\n") + "\n"


def _entries(baseline: Baseline, whole: dict[str, Any]) -> Iterable[list[str]]:
    """The lines of each entry: the figures of one model in one test."""
    groups: dict[tuple[str, str, str, str], list[Figure]] = {}
    for figure in baseline.figures.values():
        own = _conditions(figure.conditions, figure.harness)
        differing = {name: value for name, value in own.items() if value != whole.get(name)}
        groups.setdefault((figure.key.model, figure.key.test, figure.sha256, _flow(differing)), []).append(figure)
    for (model, test, sha256, differing_text), figures in sorted(groups.items()):
        lines = [f"- model: {_scalar(model)}"]
        if test:
            lines.append(f"  test: {_scalar(test)}")
        if sha256:
            lines.append(f"  sha256: {_scalar(sha256)}")
        if differing_text != "{}":
            lines.append(f"  conditions: {differing_text}")
        lines.append("  figures:")
        for figure in sorted(figures, key=lambda each: each.key):
            lines.append(f"    {_scalar(figure.key.name)}: {_figure(figure)}")
        yield lines


def _figure(figure: Figure) -> str:
    value = _number(figure.value) + (f" {figure.unit}" if figure.unit else "")
    extra: dict[str, Any] = {"value": value}
    spread = figure.spread
    # The emulator's figures are exact.
    if (
        spread is not None
        and spread.low is not None
        and spread.high is not None
        and figure.conditions.kind != "emulator"
    ):
        bounds = [rounded(bound, figure.unit) for bound in (spread.low, spread.high)]
        extra |= {"samples": spread.count, "interval": bounds}
    if figure.setup:
        extra["setup"] = figure.setup
    return _flow(extra) if len(extra) > 1 else _scalar(value)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _threshold(override: Override) -> dict[str, str]:
    given = {"model": override.model, "test": override.test, "figure": override.figure}
    named = {name: pattern for name, pattern in given.items() if pattern != "*"}
    return {**named, "allow": override.allow.text} | ({"note": override.note} if override.note else {})


def _conditions(conditions: Board, harness: str) -> dict[str, Any]:
    """In the order in which they are written."""
    told = {**msgspec.structs.asdict(conditions), "harness": harness}
    ordered = {name: told[name] for name in _Given.model_fields if name in told}
    if conditions.kind in _PROGRAMS:
        del ordered["serial"]
    return ordered


def _baseline(file: _File, path: str) -> Baseline:
    conditions, harness = _restored(file.conditions.model_dump())
    figures: dict[Key, Figure] = {}
    for entry in file.figures:
        own, of_entry = conditions, harness
        if entry.conditions:
            merged = _Given.model_validate({**file.conditions.model_dump(), **entry.conditions})
            own, of_entry = _restored(merged.model_dump())
        for name, given in entry.figures.items():
            key = Key(entry.model, entry.test, name)
            if key in figures:
                raise BaselineError(f"{key} stands here twice", path=path)
            sampled = _Sampled.model_validate({"value": given}) if isinstance(given, str) else given
            match = _VALUE.fullmatch(sampled.value)
            if match is None:
                raise BaselineError(
                    f'{key}: a value such as "768 B", "18.8 us", "0.925" expected, {sampled.value[:60]!r} came',
                    path=path,
                )
            low, high = sampled.interval or (None, None)
            figures[key] = Figure(
                *key,
                unit=match[2] or "",
                value=float(match[1]),
                conditions=own,
                sha256=entry.sha256,
                spread=Spread(sampled.samples, 0.0, low, high) if sampled.samples else None,
                setup=sampled.setup,
                harness=of_entry,
            )
    overrides = tuple(
        Override(parse_threshold(each.allow), each.model, each.test, each.figure, each.note) for each in file.thresholds
    )
    baseline = Baseline(conditions, harness, figures, overrides, file.configuration, path)
    for figure in figures.values():
        baseline.threshold(figure)
    return baseline


def _restored(given: dict[str, Any]) -> tuple[Board, str]:
    harness = given.pop("harness")
    return Board(name=given["kind"], **given), harness


def _first_problem(error: ValidationError) -> str:
    # Of what may be a text or a mapping both problems are told: the deeper one is the nearer one.
    problem = max(error.errors(include_url=False, include_context=False), key=lambda each: len(each["loc"]))
    where = ".".join(str(part) for part in problem["loc"] if not str(part).startswith("_"))
    came = repr(problem["input"])
    return f"{where or 'at the top'}: {problem['msg']}, {came[:60]}{'...' if len(came) > 60 else ''} came"


def _dump(value: dict[str, Any]) -> str:
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000))


def _flow(value: dict[str, Any]) -> str:
    given = {"Dumper": _Dumper, "sort_keys": False, "allow_unicode": True, "width": 1_000_000}
    return str(yaml.dump(value, default_flow_style=True, **given)).strip()


def _scalar(text: str) -> str:
    """A text as it stands in YAML, quoted where it must be, on one line."""
    return _flow({"": text}).removeprefix("{'': ").removesuffix("}")
