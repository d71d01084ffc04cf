"""What a case file may say about predictions on a data set."""

from __future__ import annotations

import pytest

LINES = "tflm-hil: 1\nmodel: m\ncases:\n  - name: a\n    accuracy: "


def test_an_accuracy_is_reason_enough_for_a_case(load):
    [case] = load(LINES + '{data: d.npz, top1: ">= 92.5 %", agrees: ">= 0.99"}')
    section = case.spec.accuracy
    assert {metric: (bound.value, bound.least) for metric, bound in section.bounds().items()} == {
        "top1": (0.925, True),
        "agrees": (0.99, True),
    }


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("{data: d.npz}", "a limit for at least one of top1, top3, top5, mae, rmse, r2, agrees expected"),
        ('{top1: ">= 1 %"}', "key 'data' is missing in cases.0.accuracy"),
        ('{data: d.npz, top2: ">= 1 %"}', "unknown key 'top2' in cases.0.accuracy"),
        ("{data: d.npz, top1: 92}", "92 is not a bound"),
        ('{data: d.npz, top1: "92 %"}', "expected one such as"),
        ('{data: d.npz, top1: "<= 92 %"}', "greater is better, so >= is expected"),
        ('{data: d.npz, top1: ">= 92"}', "did you mean 92 %?"),
        ('{data: d.npz, mae: ">= 1"}', "less is better, so <= is expected"),
        ('{data: d.npz, top1: ">= 1 %", state: forget}', "'reset' or 'keep' expected, came 'forget'"),
        ('{data: d.npz, top1: ">= 1 %", sequences: true, state: keep}', "state has no effect with sequences"),
        ('{data: d.npz, top1: ">= 1 %", skip: 3}', "skip has no effect without sequences"),
        ('{data: d.npz, top1: ">= 1 %", divide: 255, real: false}', "divide has no effect on raw inputs"),
        ('{data: d.npz, top1: ">= 1 %", divide: 0}', "cases.0.accuracy.divide"),
        ('{data: d.npz, top1: ">= 1 %", limit: 0}', "at least 1 expected, came 0"),
    ],
)
def test_what_would_have_no_effect_or_no_meaning(refused, section, words):
    error = refused(LINES + section)
    assert words in error.message
    assert error.line in (4, 5)
