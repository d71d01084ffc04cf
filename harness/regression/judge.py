"""Judges a run: which figures are worse, improved, new, gone, unchanged, or cannot be compared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from statistics import median

from harness.history.changes import Change, Trend, trend_of
from harness.history.points import GOOD, Point, Series, point_of, series_id
from harness.record.figures import Figure, Key, Kind, RunFigures
from harness.regression.baseline import Baseline, select_baseline, threshold_of
from harness.regression.comparability import compare_conditions
from harness.regression.defaults import less_is_worse
from harness.regression.threshold import EXACT, Threshold

NIGHTS = 14
# Fewer nights than this do not tell how much a figure scatters from night to night.
_NIGHTS_OF_SCATTER = 5
_PER_MAD = 1.4826
_SIGMAS = 3.0
# Values that were written with as few digits are the same one.
_EQUAL = 1e-9


class Verdict(Enum):
    """What became of a figure, worst first."""

    WORSE = "worse"
    VANISHED = "vanished"
    NOT_COMPARABLE = "not comparable"
    IMPROVED = "improved"
    NEW = "new"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Finding:
    """What became of one figure.

    Attributes:
        key: the figure.
        board: its kind of board.
        unit: of the values.
        verdict: what became of it.
        before: what it was; None of a new one.
        now: what it is; None of one that is gone.
        against: what it was held against: "baseline", "the last 7 nights", "".
        allowed: how far it may be off, from `before`; None without a limit.
        threshold: that as text.
        notes: differences of conditions, and what else one should know.
        since: when it became worse or better, in points of its history; None if that is not known.
        trend: its history, this run included; None without one.
    """

    key: Key
    board: str
    unit: str
    verdict: Verdict
    before: float | None = None
    now: float | None = None
    against: str = ""
    allowed: float | None = None
    threshold: str = ""
    notes: tuple[str, ...] = ()
    since: Change | None = None
    trend: Trend | None = None

    @property
    def delta(self) -> float | None:
        """By how much it moved, in its unit."""
        return None if self.before is None or self.now is None else self.now - self.before

    @property
    def relative(self) -> float | None:
        """The same as a share of what it was; None of 0."""
        return self.delta / abs(self.before) if self.delta is not None and self.before else None


@dataclass(frozen=True)
class Judgement:
    """What became of all figures of a run.

    Attributes:
        run: the run.
        findings: worst first.
        compared_with: in words, the baselines and the nights; empty if there was nothing to compare with.
    """

    run: RunFigures
    findings: tuple[Finding, ...]
    compared_with: tuple[str, ...]

    def of(self, *verdicts: Verdict) -> list[Finding]:
        """The findings with these verdicts."""
        return [finding for finding in self.findings if finding.verdict in verdicts]

    def counts(self) -> Mapping[Verdict, int]:
        """How many findings of each verdict there are."""
        found = Counter(finding.verdict for finding in self.findings)
        return {verdict: found[verdict] for verdict in Verdict}


def judge(
    run: RunFigures,
    baselines: Sequence[Baseline] = (),
    history: Iterable[Series] = (),
    *,
    nights: int = NIGHTS,
    accepted: Collection[str] = (),
    configuration: str = "",
) -> Judgement:
    """Holds a run against its baselines and the nights before.

    The baseline decides where it has the figure. Where it has not, the nights do: the median of those of the newest
    `nights` that are comparable. Where both know the figure and only the nights find it worse, that is a note.

    Args:
        run: the run; nights that began with it or later must not be in the history.
        baselines: of all boards; each figure finds the one it belongs to.
        history: what the figures were before.
        nights: how many of them to compare with.
        accepted: conditions whose difference is meant; see `comparability.ACCEPTABLE`.
        configuration: of the firmware; see `Baseline`.

    Raises:
        ThresholdError: a threshold of a baseline can be none for its figure.
    """
    past = {series_id(series.conditions, series.key): series for series in history}
    used: dict[str, Baseline] = {}
    findings: list[Finding] = []
    for figure in run.figures:
        baseline = select_baseline(baselines, figure.conditions, configuration)
        if baseline is not None:
            used[baseline.place] = baseline
        series = past.get(series_id(figure.measured_under(), figure.key))
        findings.append(_judge_figure(figure, run.started, baseline, series, nights, accepted))
    findings += _vanished(run, used.values(), past.values())
    with_what = [place or baseline.file_name for place, baseline in sorted(used.items())]
    longest = max((len(series.points) for series in past.values()), default=0)
    if longest:
        with_what.append(_nights(min(nights, longest)))
    return Judgement(run, tuple(sorted(findings, key=_worst_first)), tuple(with_what))


def _judge_figure(
    figure: Figure,
    when: datetime,
    baseline: Baseline | None,
    series: Series | None,
    nights: int,
    accepted: Collection[str],
) -> Finding:
    overrides = () if baseline is None else baseline.overrides
    threshold = threshold_of(figure, overrides)
    before = None if baseline is None else baseline.figures.get(figure.key)
    by_nights = _against_nights(figure, threshold, series, nights, accepted)
    finding = by_nights
    if threshold.watch and baseline is not None and before is None:
        # Baselines have no watched figures, so it is not a new one.
        finding = replace(by_nights, verdict=Verdict.UNCHANGED, notes=())
    elif before is not None:
        finding = _against(figure, before, threshold, accepted)
        if by_nights.verdict is Verdict.WORSE and finding.verdict in (Verdict.UNCHANGED, Verdict.IMPROVED):
            worse = f"worse than in {by_nights.against}, which had {by_nights.before:g}"
            finding = replace(finding, notes=(*finding.notes, worse))
    if figure.outcome not in GOOD:
        finding = replace(finding, notes=(*finding.notes, f"its test: {figure.outcome}"))
    if series is None:
        return finding
    trend = trend_of(replace(series, points=(*series.points, point_of(figure, when))))
    finding = replace(finding, trend=trend)
    return replace(finding, since=_since(finding, trend))


def _against(figure: Figure, before: Figure, threshold: Threshold, accepted: Collection[str]) -> Finding:
    conditions = compare_conditions(figure.kind, before.measured_under(), figure.measured_under(), accepted)
    finding = Finding(
        figure.key,
        figure.conditions.kind,
        figure.unit,
        Verdict.NOT_COMPARABLE,
        before=before.value,
        now=figure.value,
        against="baseline",
        threshold=threshold.text,
        notes=(*conditions.refused, *conditions.marked),
    )
    if conditions.refused:
        return finding
    if before.unit != figure.unit:
        return replace(finding, notes=(f"unit {before.unit or 'none'} -> {figure.unit or 'none'}",))
    allowed = threshold.allowed(before.value, before.spread, figure.spread)
    return _with_verdict(finding, threshold, allowed)


def _against_nights(
    figure: Figure, threshold: Threshold, series: Series | None, nights: int, accepted: Collection[str]
) -> Finding:
    finding = Finding(
        figure.key, figure.conditions.kind, figure.unit, Verdict.NEW, now=figure.value, threshold=threshold.text
    )
    good = [] if series is None else [point for point in series.points if point.passed][-nights:]
    if not good:
        return finding
    now = figure.measured_under()
    judged = [(point, compare_conditions(figure.kind, point.conditions, now, accepted)) for point in good]
    fitting = [(point, conditions) for point, conditions in judged if not conditions.refused]
    if not fitting:
        point, conditions = judged[-1]
        return replace(
            finding,
            verdict=Verdict.NOT_COMPARABLE,
            before=point.value,
            against=_nights(len(judged)),
            notes=conditions.refused + conditions.marked,
        )
    values = [point.value for point, _ in fitting]
    # Of an exact figure there is no level between two others.
    level = values[-1] if threshold == EXACT else median(values)
    allowed = threshold.allowed(level)
    if allowed is not None and figure.kind is Kind.TIME and threshold != EXACT and len(values) >= _NIGHTS_OF_SCATTER:
        scatter = _PER_MAD * median(abs(value - level) for value in values)
        allowed = max(allowed, _SIGMAS * scatter)
    notes = fitting[-1][1].marked
    finding = replace(finding, before=level, against=_nights(len(values)), notes=notes)
    return _with_verdict(finding, threshold, allowed)


def _with_verdict(finding: Finding, threshold: Threshold, allowed: float | None) -> Finding:
    assert finding.before is not None and finding.now is not None
    moved = finding.now - finding.before
    verdict = Verdict.UNCHANGED
    if allowed is not None and abs(moved) > allowed + _EQUAL * abs(finding.before):
        wrong = (moved < 0) == less_is_worse(finding.key.name)
        verdict = Verdict.WORSE if wrong or threshold.both_ways else Verdict.IMPROVED
    return replace(finding, verdict=verdict, allowed=allowed)


def _vanished(run: RunFigures, baselines: Iterable[Baseline], past: Iterable[Series]) -> list[Finding]:
    """Figures that the baselines have and the run has not; of boards without one, those of the night before."""
    there = {(figure.conditions.kind, figure.key) for figure in run.figures}
    found: dict[tuple[str, Key], Finding] = {}
    with_baseline = set()
    for baseline in baselines:
        board = baseline.conditions.kind
        with_baseline.add(board)
        for key, figure in baseline.figures.items():
            if (board, key) not in there:
                notes = (_why_gone(run, key),)
                found[board, key] = Finding(
                    key, board, figure.unit, Verdict.VANISHED, figure.value, against="baseline", notes=notes
                )
    series = [
        each
        for each in past
        if (board := each.conditions.get("kind", "")) not in with_baseline
        and any(figure.conditions.kind == board for figure in run.figures)
    ]
    newest = max((each.points[-1].when for each in series), default=None)
    for each in series:
        place = (each.conditions.get("kind", ""), each.key)
        if each.points[-1].when == newest and place not in there:
            value, notes = each.points[-1].value, (_why_gone(run, each.key),)
            found[place] = Finding(
                each.key, place[0], each.unit, Verdict.VANISHED, value, against="the last night", notes=notes
            )
    return list(found.values())


def _why_gone(run: RunFigures, key: Key) -> str:
    outcome = run.outcomes.get(key.test)
    if outcome in (None, "not run"):
        return "its test did not run"
    return "not measured, and its test passed" if outcome in GOOD else f"its test: {outcome}"


def _since(finding: Finding, trend: Trend) -> Change | None:
    """The change that brought a figure where it is.

    That is the newest change-point in the verdict's direction. Of a figure that varies, one or two nights are none yet:
    then the first of the nights that all are beyond what is allowed.
    """
    if finding.verdict not in (Verdict.WORSE, Verdict.IMPROVED) or finding.before is None or not finding.delta:
        return None
    up = finding.delta > 0
    for change in reversed(trend.changes):
        if (change.after > change.before) == up:
            return change
    points, allowed = trend.series.points, finding.allowed or 0.0
    first = len(points) - 1
    while first > 0 and _beyond(points[first - 1], finding.before, allowed, up):
        first -= 1
    if first == 0:
        return None
    return Change(points[first], points[first - 1], finding.before, points[-1].value, math.nan)


def _beyond(point: Point, level: float, allowed: float, up: bool) -> bool:
    moved = point.value - level
    return abs(moved) > allowed and (moved > 0) == up


def _worst_first(finding: Finding) -> tuple[object, ...]:
    order = list(Verdict).index(finding.verdict)
    moved = finding.relative
    size = math.inf if moved is None else abs(moved)
    return order, -size, finding.board, finding.key


def _nights(count: int) -> str:
    return "the last night" if count == 1 else f"the last {count} nights"
