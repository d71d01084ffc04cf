"""Regressions: what became of a run's figures since the baseline and the nights before.

For reports and scripts there is one pure function, `judge.judge`; around it, reading and writing:

    run = harness.cli.runs.load_run(Path("report/run.json"))        # or record.figures.figures_of_run(read_record(...))
    baselines = harness.regression.baseline_file.load_baselines(Path("baselines"))
    with harness.history.database.History(Path("history.db")) as history:
        past = history.series(nights=120, until=run.started, without=run)
    judgement = harness.regression.judge.judge(run, baselines, past, nights=14)

`judgement.findings` has a `Finding` for each figure, worst first: verdict, values, step, notes, `since` (a `Change`,
which `words.since_in_words` tells) and `trend`, that is the figure's nights with change-points and spikes, this run the
last of them. `judgement.of(Verdict.WORSE)` are the regressions, `judgement.counts()` the numbers for a status line,
`table.rows_of(findings)` those with one cause together, `report.judgement_json` all of it as plain values, and
`report.write_regression_xml` the testcases for CI systems. For a trend without a verdict: `history.changes.trend_of`.
"""
