"""A judgement for programs: regression.xml for CI systems, and JSON."""

from __future__ import annotations

import math
from datetime import timezone
from pathlib import Path
from typing import Any

from junit_xml import TestCase, TestSuite, to_xml_report_string

from harness.record.text import line
from harness.regression.judge import Finding, Judgement, Verdict
from harness.regression.words import since_in_words, step_in_words, value_in_words

# Neither a failure nor silent: CI systems show skipped testcases with their message.
_SKIPPED = (Verdict.VANISHED, Verdict.NOT_COMPARABLE, Verdict.ELSEWHERE)


def regression_xml(judgement: Judgement) -> str:
    """JUnit XML: one testsuite per kind of board, one testcase per figure, a failure for each that is worse."""
    suites: dict[str, list[TestCase]] = {}
    for finding in sorted(judgement.findings, key=lambda each: (each.board, each.key)):
        suites.setdefault(finding.board or "unknown", []).append(_testcase(finding))
    against = line(", ".join(judgement.compared_with) or "nothing")
    told = [
        TestSuite(
            f"regression.{line(board)}",
            cases,
            # Ant's schema has neither a zone there nor a suite without a host; it is UTC.
            timestamp=judgement.run.started.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"),
            hostname="localhost",
            properties={"tflm.regression.against": against},
        )
        for board, cases in suites.items()
    ]
    text = to_xml_report_string(told, prettyprint=True, encoding="utf-8")
    assert isinstance(text, str)
    return text


def write_regression_xml(file: Path, judgement: Judgement) -> None:
    """Writes `regression_xml`; the folder is made.

    Raises:
        OSError: it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(regression_xml(judgement), encoding="utf-8")


def judgement_json(judgement: Judgement, *, unchanged: bool = False) -> dict[str, Any]:
    """All of it in plain values. Durations in microseconds, sizes in bytes.

    Args:
        judgement: what is told.
        unchanged: figures that did not change as well.
    """
    shown = [each for each in judgement.findings if unchanged or each.verdict is not Verdict.UNCHANGED]
    return {
        "started": judgement.run.started.isoformat(),
        "ended": judgement.run.ended,
        "lost": list(judgement.run.lost),
        "against": list(judgement.compared_with),
        "counts": {verdict.value: count for verdict, count in judgement.counts().items()},
        "findings": [_finding_json(finding) for finding in shown],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    change = finding.since
    since = None
    if change is not None:
        chance = change.probability
        since = {
            "when": change.first.when.isoformat(),
            "build": change.first.conditions.get("build", ""),
            "before": change.before,
            "after": change.after,
            "probability": None if math.isnan(chance) else chance,
            "text": since_in_words(change),
        }
    return {
        "model": finding.key.model,
        "test": finding.key.test,
        "figure": finding.key.name,
        "board": finding.board,
        "unit": finding.unit,
        "verdict": finding.verdict.value,
        "before": finding.before,
        "now": finding.now,
        "relative": finding.relative,
        "against": finding.against,
        "threshold": finding.threshold,
        "allowed": finding.allowed,
        "notes": list(finding.notes),
        "reason": finding.reason,
        "since": since,
    }


def _testcase(finding: Finding) -> TestCase:
    told = _told(finding)
    case = TestCase(
        line(" ".join(filter(None, [finding.key.name, finding.key.test]))),
        classname=line(f"regression.{finding.board}.{finding.key.model}"),
        stdout=told,
    )
    if finding.verdict is Verdict.WORSE:
        case.add_failure_info(message=told, output=told, failure_type=finding.verdict.value)
    elif finding.verdict in _SKIPPED:
        case.add_skipped_info(message=told, output=told)
    return case


def _told(finding: Finding) -> str:
    was = "" if finding.before is None else f"was {value_in_words(finding.before, finding.unit)}"
    now = "" if finding.now is None else f"is {value_in_words(finding.now, finding.unit)}"
    parts = [
        finding.verdict.value,
        was,
        now,
        step_in_words(finding),
        f"allowed {finding.threshold}" if finding.threshold else "",
        since_in_words(finding.since),
        f"against {finding.against}" if finding.against else "",
        *finding.notes,
    ]
    return line("; ".join(filter(None, parts)))
