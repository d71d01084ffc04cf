"""A figure judged against the nights before."""

from harness.regression.baseline import baselines_of
from harness.regression.judge import judge
from tests.support.runs import BOARD, board, figure, night, series


def over_nights(name, values, now, *, of=BOARD, builds=None, before=None, **given):
    """What is found of a figure of tonight, after nights with these values and with a baseline, if `before` is one."""
    past = series(name, values, of=of, builds=builds)
    run = night(len(values), figure(name, now, conditions=board(of, build="b_now")))
    baselines = [] if before is None else baselines_of(night(0, figure(name, before, conditions=of)), [])
    [finding] = judge(run, baselines, [past], **given).findings
    return finding
