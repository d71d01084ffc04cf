"""From a judgement over a run, and its history, to what the page tells of them."""

from __future__ import annotations

from harness.history.changes import Trend as History
from harness.regression.judge import Finding as Judged
from harness.regression.judge import Judgement, Verdict
from harness.regression.table import Row, rows_of
from harness.regression.words import plain_name, since_in_words
from harness.report.html.background import Background, Change, ChangePoint, Finding, Trend
from harness.report.html.shown import day

_CHANGES: dict[Verdict, Change] = {
    Verdict.WORSE: "worse",
    Verdict.VANISHED: "gone",
    Verdict.NOT_COMPARABLE: "not compared",
    Verdict.IMPROVED: "better",
    Verdict.ELSEWHERE: "not compared",
}
# These share a reason; their values say little.
_BY_REASON = (Verdict.VANISHED, Verdict.NOT_COMPARABLE, Verdict.ELSEWHERE)
# What a reader follows from night to night; each operator's time would be too much.
_FOLLOWED = ("latency.median", "arena.minimum", "arena.used", "model.bytes")


def background_of(judgement: Judgement) -> Background:
    """What the page tells; nothing if there was nothing to compare with."""
    if not judgement.compared_with:
        return Background()
    findings = [_finding(row) for row in rows_of(judgement.of(*_CHANGES))]
    new = judgement.of(Verdict.NEW)
    if new:
        models = {finding.key.model for finding in new}
        findings.append(Finding("new", _several(models), _figures(len(new)), "", None, None, count=len(new)))
    return Background(" and ".join(judgement.compared_with), findings, _trends(judgement.findings))


def _finding(row: Row) -> Finding:
    worst, everyone = row.worst, (row.worst, *row.others)
    tests = {finding.key.test for finding in row.others} - {worst.key.test}
    where = worst.key.test + (f" and {len(tests):,} more test{'' if len(tests) == 1 else 's'}" if tests else "")
    note = "; ".join(filter(None, [since_in_words(worst.since), *worst.notes, where]))
    change = _CHANGES[worst.verdict]
    if worst.verdict in _BY_REASON and row.others:
        models = _several({finding.key.model for finding in everyone})
        return Finding(change, models, _figures(len(everyone)), "", None, None, "", note, worst.board, len(everyone))
    return Finding(
        change,
        worst.key.model,
        plain_name(worst.key.name),
        worst.unit,
        worst.before,
        worst.now,
        worst.threshold,
        note,
        worst.board,
        len(everyone),
    )


def _several(models: set[str]) -> str:
    return next(iter(models)) if len(models) == 1 else f"{len(models):,} models"


def _figures(count: int) -> str:
    return f"{count:,} figure{'' if count == 1 else 's'}"


def _trends(findings: tuple[Judged, ...]) -> list[Trend]:
    """One history for each figure of a model, though several tests may have measured it: the one that changed last."""
    found: dict[tuple[str, str, str], History] = {}
    for finding in findings:
        name = plain_name(finding.key.name)
        if finding.trend is None or not (name in _FOLLOWED or name.startswith("accuracy.")):
            continue
        place = (finding.key.model, finding.board, name)
        if place not in found or _interest(finding.trend) > _interest(found[place]):
            found[place] = finding.trend
    order = {name: number for number, name in enumerate(_FOLLOWED)}
    places = sorted(found, key=lambda place: (place[:2], order.get(place[2], len(order)), place[2]))
    return [_trend(found[place], board, name) for place in places for _, board, name in [place]]


def _interest(trend: History) -> tuple[float, int]:
    changed = trend.changes[-1].first.when.timestamp() if trend.changes else 0.0
    return changed, len(trend.series.points)


def _trend(history: History, board: str, name: str) -> Trend:
    series = history.series
    nights = [point.when for point in series.points]
    changes = tuple(ChangePoint(nights.index(each.first.when), since_in_words(each)) for each in history.changes)
    told = [(day(point.when), point.value) for point in series.points]
    return Trend(series.key.model, name, series.unit, told, changes, board)
