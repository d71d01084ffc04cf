"""Baselines: the figures that a run is held against, one set per kind of board and firmware configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from harness.errors import Misuse
from harness.history.points import GOOD
from harness.record.figures import Figure, Key, RunFigures
from harness.record.model import Board
from harness.regression.defaults import default_threshold, less_is_worse
from harness.regression.threshold import Threshold

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}|")


@dataclass(frozen=True)
class Override:
    """A threshold that a person set.

    Attributes:
        allow: the threshold.
        model, test, figure: patterns as of a shell ("*" any characters), upper and lower case differ.
        note: why.
    """

    allow: Threshold
    model: str = "*"
    test: str = "*"
    figure: str = "*"
    note: str = ""

    def matches(self, key: Key) -> bool:
        """Whether it is for this figure."""
        return (
            fnmatchcase(key.model, self.model)
            and fnmatchcase(key.name, self.figure)
            and (self.test == "*" or _matches(key.test, self.test))
        )


@dataclass(frozen=True)
class Baseline:
    """The figures to hold a run against.

    Attributes:
        conditions: of the run that was saved as a whole; figures that were saved alone bring their own.
        harness: version of the harness that saved it.
        figures: by their keys.
        overrides: thresholds that differ from the defaults; the first that matches counts.
        configuration: the name of one of several firmwares that run on the same board, such as with other kernels; ""
            if there is only one.
        place: where it was read from, for people.
    """

    conditions: Board
    harness: str
    figures: dict[Key, Figure] = field(hash=False)
    overrides: tuple[Override, ...] = ()
    configuration: str = ""
    place: str = ""

    @property
    def file_name(self) -> str:
        """The file that it belongs in."""
        return file_name(self.conditions, self.configuration)

    def threshold(self, figure: Figure) -> Threshold:
        """The threshold of a figure.

        Raises:
            ThresholdError: the one that a person set can be none for it.
        """
        return threshold_of(figure, self.overrides)


def threshold_of(figure: Figure, overrides: Iterable[Override] = ()) -> Threshold:
    """The first override that matches, or the default.

    Raises:
        ThresholdError: the override can be none for this figure.
    """
    name = figure.key.name
    for override in overrides:
        if override.matches(figure.key):
            return override.allow.check(unit=figure.unit, less_is_worse=less_is_worse(name))
    return default_threshold(name, figure.conditions.kind)


def file_name(conditions: Board, configuration: str = "") -> str:
    """A file name that a person understands: "emulator-RP2040-125MHz-tflm.yaml"."""
    clock = f"{conditions.clock_hz / 1e6:g}MHz" if conditions.clock_hz else ""
    parts = (conditions.kind, conditions.chip, clock, conditions.engine, configuration)
    return "-".join(filter(None, (re.sub(r"[^A-Za-z0-9_.]+", "-", part).strip("-.") for part in parts))) + ".yaml"


def check_configuration(name: str) -> str:
    """Demands that this can be the name of a configuration, and returns it.

    Raises:
        Misuse: it cannot.
    """
    if _NAME.fullmatch(name) is None:
        raise Misuse(
            f"configuration {name[:60]!r}: up to 40 letters, digits and _ . - expected", advice="choose a shorter name"
        )
    return name


def select_baseline(baselines: Iterable[Baseline], conditions: Board, configuration: str = "") -> Baseline | None:
    """The baseline for a board: of the same kind and configuration the one whose conditions differ least.

    A board whose clock was changed finds the baseline of the old clock: its figures are then refused or marked one by
    one, instead of being new. None if there is none for this kind of board.
    """

    def distance(baseline: Baseline) -> tuple[int, str]:
        mine, others = (
            (each.chip, each.engine, each.clock_hz, each.pointer_bits) for each in (conditions, baseline.conditions)
        )
        return sum(one != other for one, other in zip(mine, others, strict=True)), baseline.place

    fitting = [
        each for each in baselines if each.conditions.kind == conditions.kind and each.configuration == configuration
    ]
    return min(fitting, key=distance, default=None)


def baselines_of(
    run: RunFigures, existing: Sequence[Baseline], *, only: str | None = None, configuration: str = ""
) -> list[Baseline]:
    """The baselines after a run was saved, one for each configuration of its boards.

    Thresholds that a person set stay. Of tests that did not pass nothing is saved, and no figure that is only watched:
    it would be another line in every diff, and nothing is held against it.

    Args:
        run: the run.
        existing: what is there now.
        only: a pattern; only figures of models or tests that match are replaced, and all others stay.
        configuration: see `Baseline`.
    """
    wanted: Callable[[Key], bool] = (lambda _: True) if only is None else lambda key: _wanted(key, only)
    old_ones = {each.file_name: each for each in existing}
    groups: dict[str, list[Figure]] = {}
    for figure in run.figures:
        if wanted(figure.key) and figure.outcome in GOOD:
            groups.setdefault(file_name(figure.conditions, configuration), []).append(figure)
    result = []
    for name, group in sorted(groups.items()):
        old = old_ones.get(name)
        overrides = () if old is None else old.overrides
        new = {figure.key: figure for figure in group if not threshold_of(figure, overrides).watch}
        if old is None:
            result.append(Baseline(group[0].conditions, group[0].harness, new, (), configuration))
        elif only is None:
            result.append(replace(old, conditions=group[0].conditions, harness=group[0].harness, figures=new))
        else:
            kept = {key: figure for key, figure in old.figures.items() if not wanted(key)}
            result.append(replace(old, figures={**kept, **new}))
    return result


def _wanted(key: Key, pattern: str) -> bool:
    return fnmatchcase(key.model, pattern) or _matches(key.test, pattern)


def _matches(test: str, pattern: str) -> bool:
    """As of a shell, but for square brackets: they are part of the names of parametrised tests."""
    return fnmatchcase(test, pattern.replace("[", "[[]"))
