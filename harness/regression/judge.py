"""Judges a run: which figures are worse, improved, new, gone, elsewhere, unchanged, or cannot be compared."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from statistics import median
from typing import Literal

from harness.history.changes import Change, Trend, trend_of
from harness.history.points import GOOD, Series, point_of, series_id
from harness.record.figures import Figure, Key, Kind, RunFigures, kinds_by_test
from harness.regression.baseline import Baseline, select_baseline, threshold_of
from harness.regression.comparability import compare_conditions
from harness.regression.defaults import less_is_worse
from harness.regression.since import EQUAL, since_when
from harness.regression.threshold import EXACT, Threshold

NIGHTS = 14
# Fewer nights than this do not tell how much a figure scatters from night to night.
_NIGHTS_OF_SCATTER = 5
_PER_MAD = 1.4826
_SIGMAS = 3.0
# Why a figure is not there.
Reason = Literal["", "not measured", "failed", "skipped", "not run", "no such test"]
# Kinds of boards by test; see `RunFigures.ran_on`.
_RanOn = Mapping[str, frozenset[str]]


class Verdict(Enum):
    """What became of a figure, worst first."""

    WORSE = "worse"
    VANISHED = "vanished"
    NOT_COMPARABLE = "not comparable"
    IMPROVED = "improved"
    NEW = "new"
    # Its test ran on another kind of board than before: which one gets it is chance where several kinds share a run.
    ELSEWHERE = "elsewhere"
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
        reason: why it has vanished, for programs: its test passed without it ("not measured"), "failed", was
            "skipped", was "not run", or is not in the run's list at all ("no such test"); "" of all others.
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
    reason: Reason = ""

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
            used[baseline.place or baseline.file_name] = baseline
        series = past.get(series_id(figure.measured_under(), figure.key))
        findings.append(_judge_figure(figure, run.started, baseline, series, nights, accepted))
    for board in run.boards:
        # A board that was lost before it gave a figure, and perhaps before it told its conditions.
        if board.chip or board.kind not in {each.conditions.kind for each in used.values()}:
            baseline = select_baseline(baselines, board, configuration)
            if baseline is not None:
                used[baseline.place or baseline.file_name] = baseline
    # Older JUnit files tell it of tests with figures only.
    ran_on = {**kinds_by_test((figure.test, figure.conditions.kind) for figure in run.figures), **run.ran_on}
    findings = _elsewhere(findings, run, ran_on, used.values(), past.values())
    findings += _vanished(run, ran_on, used.values(), past.values())
    with_what = sorted(used)
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
    if allowed is not None and abs(moved) > allowed + EQUAL * abs(finding.before):
        wrong = (moved < 0) == less_is_worse(finding.key.name)
        verdict = Verdict.WORSE if wrong or threshold.both_ways else Verdict.IMPROVED
    return replace(finding, verdict=verdict, allowed=allowed)


def _elsewhere(
    findings: Iterable[Finding], run: RunFigures, ran_on: _RanOn, baselines: Iterable[Baseline], past: Iterable[Series]
) -> list[Finding]:
    """The findings, where those are not new whose test another of the run's kinds of boards had before, and has not."""
    kinds = run.kinds
    known: dict[str, set[str]] = {}
    for baseline in baselines:
        for key in baseline.figures:
            known.setdefault(key.test, set()).add(baseline.conditions.kind)
    for series in past:
        known.setdefault(series.key.test, set()).add(series.conditions.get("kind", ""))

    def told(finding: Finding) -> Finding:
        before = known.get(finding.key.test, set()) & kinds
        now = ran_on.get(finding.key.test, frozenset())
        if finding.verdict is not Verdict.NEW or not before or finding.board in before or before & now:
            return finding
        return replace(finding, verdict=Verdict.ELSEWHERE, notes=(*finding.notes, f"ran on {_listed(before)} before"))

    return [told(finding) for finding in findings]


def _vanished(run: RunFigures, ran_on: _RanOn, baselines: Iterable[Baseline], past: Iterable[Series]) -> list[Finding]:
    """Figures that the baselines have and the run has not; of boards without one, those of the night before."""
    there = {(figure.conditions.kind, figure.key) for figure in run.figures}
    found: dict[tuple[str, Key], Finding] = {}
    with_baseline = set()
    for baseline in baselines:
        board = baseline.conditions.kind
        with_baseline.add(board)
        for key, figure in baseline.figures.items():
            if (board, key) not in there:
                found[board, key] = _gone(run, ran_on, key, board, figure.unit, figure.value, "baseline")
    by_night = run.kinds - with_baseline
    series = [each for each in past if each.conditions.get("kind", "") in by_night]
    newest = max((each.points[-1].when for each in series), default=None)
    for each in series:
        place = (each.conditions.get("kind", ""), each.key)
        if each.points[-1].when == newest and place not in there:
            found[place] = _gone(run, ran_on, each.key, place[0], each.unit, each.points[-1].value, "the last night")
    return list(found.values())


def _gone(run: RunFigures, ran_on: _RanOn, key: Key, board: str, unit: str, value: float, against: str) -> Finding:
    finding = Finding(key, board, unit, Verdict.VANISHED, value, against=against)
    kinds = ran_on.get(key.test, frozenset())
    if kinds and board not in kinds:
        return replace(finding, verdict=Verdict.ELSEWHERE, notes=(f"ran on {_listed(kinds)} this time",))
    reason, note = _why_gone(run, key.test)
    return replace(finding, reason=reason, notes=(note,))


def _why_gone(run: RunFigures, test: str) -> tuple[Reason, str]:
    outcome = run.outcomes.get(test)
    if outcome is None:
        # A file that could not be collected stands in the list instead of its tests.
        file = run.outcomes.get(test.partition("::")[0])
        if file is not None:
            return "failed", f"its file: {file}"
        if run.ended == "complete":
            return "no such test", "its test is not there any more, or was not selected"
    if outcome in (None, "not run"):
        return "not run", "its test did not run"
    if outcome in GOOD:
        return "not measured", "not measured, and its test passed"
    return "skipped" if outcome == "skipped" else "failed", f"its test: {outcome}"


def _since(finding: Finding, trend: Trend) -> Change | None:
    """The change that brought a figure where it is."""
    if finding.verdict not in (Verdict.WORSE, Verdict.IMPROVED) or finding.before is None or not finding.delta:
        return None
    return since_when(trend, finding.before, finding.allowed or 0.0, up=finding.delta > 0)


def _worst_first(finding: Finding) -> tuple[object, ...]:
    order = list(Verdict).index(finding.verdict)
    moved = finding.relative
    size = math.inf if moved is None else abs(moved)
    return order, -size, finding.board, finding.key


def _nights(count: int) -> str:
    return "the last night" if count == 1 else f"the last {count} nights"


def _listed(kinds: Collection[str]) -> str:
    return " and ".join(sorted(kinds))
