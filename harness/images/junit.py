"""A suite's results as JUnit XML: one testcase for each image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from junit_xml import TestCase, TestSuite, to_xml_report_string

from harness.images.judge import Outcome
from harness.images.run import Result


def junit_xml(results: Sequence[Result], *, board: str, kind: str) -> str:
    """The report. A failure is the image's verdict on itself; all else that is not success is an error.

    Args:
        results: in the order in which they came.
        board: the board's name.
        kind: what kind of board it is.
    """
    cases = []
    for result in results:
        case = TestCase(
            result.name,
            classname=f"run-uf2.{kind}",
            elapsed_sec=round(result.seconds, 3),
            stdout=f"image {result.path.name}, SHA-256 {result.sha256 or 'unknown'}\n{result.log}",
            status=result.outcome.value,
        )
        if result.outcome is Outcome.FAILED:
            case.add_failure_info(message=result.detail, failure_type=result.outcome.value)
        elif result.outcome is not Outcome.PASSED:
            case.add_error_info(message=result.detail, error_type=result.outcome.value)
        cases.append(case)
    suite = TestSuite("run-uf2", cases, properties={"tflm.board": board, "tflm.board.kind": kind})
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
