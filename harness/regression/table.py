"""The table that a person reads after a night: worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from harness.record.text import line
from harness.regression.judge import Finding, Judgement, Verdict
from harness.regression.lines import Line, aligned
from harness.regression.words import plain_name, since_in_words, step_in_words, value_in_words

_STYLES = {
    Verdict.WORSE: "bold red",
    Verdict.VANISHED: "yellow",
    Verdict.NOT_COMPARABLE: "yellow",
    Verdict.IMPROVED: "green",
    Verdict.NEW: "cyan",
    Verdict.ELSEWHERE: "cyan",
    Verdict.UNCHANGED: "dim",
}
# New figures and those that are gone are told by number: their values say little.
_SHOWN = (Verdict.WORSE, Verdict.VANISHED, Verdict.NOT_COMPARABLE, Verdict.IMPROVED, Verdict.ELSEWHERE)
_BY_REASON = (Verdict.NOT_COMPARABLE, Verdict.VANISHED, Verdict.ELSEWHERE)
_TITLES = ("verdict", "model", "figure", "was", "is", "step")


@dataclass(frozen=True)
class Row:
    """Findings of one figure of one model in all tests: they mostly have one cause.

    Attributes:
        worst: the one that moved most.
        others: the rest.
    """

    worst: Finding
    others: tuple[Finding, ...]


def rows_of(findings: Sequence[Finding]) -> list[Row]:
    """Findings of the same verdict, board, model and figure together, in the order of their worst.

    Those that are gone or cannot be compared share a reason, not a figure: they are together by that.
    """
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        about = finding.notes if finding.verdict in _BY_REASON else (finding.key.model, plain_name(finding.key.name))
        groups.setdefault((finding.verdict.value, finding.board, *about), []).append(finding)
    return [Row(group[0], tuple(group[1:])) for group in groups.values()]


def judgement_table(judgement: Judgement, *, most: int | None = 40) -> RenderableType:
    """The verdict, and a row for each thing that changed, with a line below it: since when, where, conditions.

    Args:
        judgement: what is told.
        most: rows; the others are counted. None for all.
    """
    rows = rows_of(judgement.of(*_SHOWN))
    parts: list[RenderableType] = [summary_line(judgement)]
    if rows:
        shown = rows[:most]
        lines = [Line(_cells(row), _about(row), _STYLES[row.worst.verdict]) for row in shown]
        parts += ["", *aligned(_TITLES, lines, to_the_right=(3, 4))]
        if len(rows) > len(shown):
            parts.append(Text(f"{len(rows) - len(shown):,} more rows: --all"))
    return Group(*parts)


def summary_line(judgement: Judgement) -> Text:
    """The verdict in a line, and what the run was held against."""
    told = Text()
    for verdict, count in judgement.counts().items():
        if count:
            told.append(", " if told else "")
            told.append(f"{count:,} {verdict.value}", _STYLES[verdict])
    against = ", ".join(judgement.compared_with) or "nothing: there is no baseline and no history yet"
    ended = "" if judgement.run.ended == "complete" else f"; the run did not end by itself: {judgement.run.ended}"
    lost = f"; lost: {line(', '.join(judgement.run.lost))}" if judgement.run.lost else ""
    told.append(f"{' figures' if told else 'no figures'} against {against}{ended}{lost}")
    return told


def _cells(row: Row) -> tuple[str, ...]:
    worst = row.worst
    all_of_them = (worst, *row.others)
    if worst.verdict in _BY_REASON and row.others:
        models = {finding.key.model for finding in all_of_them}
        model = worst.key.model if len(models) == 1 else f"{len(models):,} models"
        return worst.verdict.value, model, f"{len(all_of_them):,} figures", "", "", ""
    return (
        worst.verdict.value,
        worst.key.model,
        plain_name(worst.key.name),
        value_in_words(worst.before, worst.unit),
        value_in_words(worst.now, worst.unit),
        step_in_words(worst),
    )


def _about(row: Row) -> str:
    worst = row.worst
    tests = {finding.key.test for finding in row.others} - {worst.key.test}
    where = worst.key.test + (f" and {len(tests):,} more test{'' if len(tests) == 1 else 's'}" if tests else "")
    allowed = f"allowed: {worst.threshold}" if worst.verdict is Verdict.WORSE else ""
    return "; ".join(filter(None, [since_in_words(worst.since), where, allowed, *worst.notes]))
