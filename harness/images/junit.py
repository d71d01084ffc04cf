"""A suite's results as JUnit XML: one testcase for each image."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from junit_xml import TestCase, TestSuite, to_xml_report_string

from harness.images.judge import Outcome
from harness.images.run import Result
from harness.record.text import bounded, line

# As long as a path can be: no two images have one name.
_MAX_NAME = 4096


def junit_xml(results: Sequence[Result], *, board: str, kind: str) -> str:
    """The report. A failure is the image's verdict on itself; all else that is not success is an error.

    Args:
        results: in the order in which they came.
        board: the board's name.
        kind: what kind of board it is.
    """
    cases = []
    took = timedelta(seconds=sum(result.seconds for result in results))
    for result in results:
        # A detail that is empty would have the library leave the failure out.
        detail = bounded(result.detail) or result.outcome.value
        case = TestCase(
            line(result.name, _MAX_NAME),
            classname=f"run-uf2.{kind}",
            # A decimal: the sum of floats would have more than the three digits that there may be.
            elapsed_sec=Decimal(f"{result.seconds:.3f}"),
            stdout=f"image {line(result.path.name)}, SHA-256 {result.sha256 or 'unknown'}\n{result.log}",
        )
        if result.outcome is Outcome.FAILED:
            case.add_failure_info(message=detail, failure_type=result.outcome.value)
        elif result.outcome is not Outcome.PASSED:
            case.add_error_info(message=detail, error_type=result.outcome.value)
        cases.append(case)
    suite = TestSuite(
        "run-uf2",
        cases,
        # Ant's schema has neither a zone there nor a suite without a host; it is UTC. Nobody tells when it began, but
        # the report is written as soon as all has run.
        timestamp=(datetime.now(timezone.utc) - took).strftime("%Y-%m-%dT%H:%M:%S"),
        hostname="localhost",
        properties={"tflm.board": board, "tflm.board.kind": kind},
    )
    text = to_xml_report_string([suite], prettyprint=False)
    assert isinstance(text, str)
    return text


def write_junit(file: Path, results: Sequence[Result], *, board: str, kind: str) -> None:
    """Writes the report; the folder is made.

    Raises:
        OSError: it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(junit_xml(results, board=board, kind=kind), encoding="utf-8")
