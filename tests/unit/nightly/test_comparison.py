"""What `regress --json` tells, in the few words of a morning."""

from harness.nightly.comparison import Comparison, comparison_of


def finding(figure, verdict="worse", *, model="sine", relative=0.07, notes=(), since=None):
    told = {"when": since} if since else None
    values = {"before": 0, "now": 64, "relative": relative}
    return {"model": model, "figure": figure, "verdict": verdict, "notes": list(notes), "since": told, **values}


def test_one_text_for_each_model_the_telling_figures_first():
    found = comparison_of(
        [
            finding("op.000.CONV_2D", relative=0.5),
            finding("latency.p95"),
            finding("latency.median", relative=0.0704, since="2026-11-19T03:00:00+00:00"),
            finding("latency.median.2", relative=0.0504),
            finding("arena.used", relative=None),
            finding("accuracy.top1", model="shapes", relative=-0.00012),
        ]
    )
    assert found.worse == (
        "sine arena.used 0 -> 64, latency.median +7.0 % and 2 more since Thu 2026-11-19",
        "shapes accuracy.top1 -0.012 %",
    )


def test_what_else_there_is():
    other = ["tflm a -> b"]
    found = comparison_of(
        [
            finding("a", "improved"),
            finding("b", "new"),
            finding("c", "unchanged"),
            finding("d", "not comparable", notes=other),
            finding("e", "not comparable", notes=other),
            # Of a test that failed nobody need be told that its figures are gone.
            finding("f", "vanished", notes=["its test: failed"]),
            finding("g", "vanished", notes=["its test did not run"]),
            finding("h", "vanished", notes=["its test: passed"]),
        ]
    )
    assert found == Comparison(better=1, not_compared=("2 figures: tflm a -> b",), gone=1)


def test_names_are_made_harmless_and_dates_need_not_be_ones():
    [text] = comparison_of([finding("x\x1b\n", model="m" * 500, since="yesterday")]).worse
    assert text.isprintable() and len(text) <= 200
