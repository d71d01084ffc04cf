"""Checks what a case says about predictions on a data set."""

from __future__ import annotations

from collections.abc import Callable

from harness.cases.load import Case
from harness.datasets.dataset import load_dataset
from harness.datasets.errors import DatasetError
from harness.errors import CaseError, Misuse
from harness.experiments.accuracy import AccuracyPlan, measure_accuracy
from harness.measure.scores import AGREES
from harness.models.reference import ReferenceEngine
from harness.session import Session


def check_accuracy(case: Case, session: Session, reference: Callable[[], ReferenceEngine]) -> None:
    """Runs the case's data set, and demands what the case says.

    Raises:
        CaseError: the data set cannot be had, or does not fit the model.
        LimitExceeded: a metric is not within its limit.
        DatasetInterrupted: the board failed on the way.
        ReferenceUnavailable: the case is about the agreement with the reference, and TFLM cannot run here.
    """
    section = case.spec.accuracy
    assert section is not None
    bounds = section.bounds()
    plan = AccuracyPlan(
        metrics=tuple(metric for metric in bounds if metric != AGREES),
        limit=section.limit,
        sequences=section.sequences,
        state=section.state,
        skip=section.skip,
    )
    try:
        dataset = load_dataset(
            case.resolve(section.data),
            None if section.labels is None else case.resolve(section.labels),
            inputs=section.inputs,
            targets=section.targets,
            classes=section.classes,
            divide=section.divide or 1.0,
            real=section.real if section.divide is None else True,
        )
        engine = reference() if AGREES in bounds else None
        accuracy = measure_accuracy(session, dataset, plan, reference=engine)
    except (DatasetError, Misuse) as error:
        message = f"accuracy: {error.message}"
        raise CaseError(message, path=str(case.path), line=case.line, advice=error.advice) from None
    accuracy.require(bounds)
