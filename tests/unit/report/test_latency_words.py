"""Latencies in words."""

from __future__ import annotations

import json

from harness.measure.latency import Latency, Timing
from harness.report.latency import certainty, latency_json, latency_rows, outliers_in_words


def test_all_that_there_is_to_say() -> None:
    samples = [1000.0, 1001.0, 999.0, 1000.0, 1000.0, 1002.0, 998.0, 1000.0, 1000.0, 2000.0]
    latency = Latency(tuple(samples), 1500.0, Timing(warmup=4, clock_hz=125_000_000))
    assert list(latency_rows(latency)) == [
        ("first invoke", "1.500 ms (+50.0% of the median)"),
        ("10 invokes", "min 0.998 ms, median 1.000 ms, p95 1.551 ms, max 2.000 ms"),
        ("jitter", "1.002 ms (100.20% of the median), standard deviation 0.316 ms"),
        ("median's certainty", "97.9%: 0.999 ms to 1.002 ms; within 1 % after 6 invokes"),
        ("outliers", "1: #9 2.000 ms"),
        ("measured", "10 invokes after 4 of warm-up, the first one apart, USB held back for 1 s"),
    ]


def test_one_sample_has_no_statistics_to_speak_of() -> None:
    assert [name for name, _ in latency_rows(Latency((5.0,), 5.0))] == ["first invoke", "1 invoke", "measured"]


def test_two_modes_are_said() -> None:
    latency = Latency((100.0,) * 70 + (150.0,) * 30)
    assert ("two modes", "70.0% around 0.100 ms, 30.0% around 0.150 ms") in list(latency_rows(latency))
    assert latency_json(latency)["modes"] == [{"median": 100.0, "share": 0.7}, {"median": 150.0, "share": 0.3}]


def test_what_is_not_certain_is_said() -> None:
    assert certainty(Latency((1.0, 2.0))) == "6 invokes are needed to tell"
    assert certainty(Latency((100.0, 110.0) * 10)) == (
        "95.9%: 0.100 ms to 0.110 ms; not within 1 %: more than 20 invokes needed"
    )


def test_many_outliers_are_counted_and_the_furthest_named() -> None:
    latency = Latency(tuple([100.0] * 100 + [200.0 + number for number in range(7)]))
    words = outliers_in_words(latency.outliers)
    assert words.startswith("7: #106 0.206 ms, #105 0.205 ms, ")
    assert words.endswith("#102 0.202 ms and 2 nearer ones")


def test_json_has_every_sample_and_figure() -> None:
    told = json.loads(json.dumps(latency_json(Latency((1.0, 2.0, 3.0), 9.0, Timing(warmup=2, quiet=True, clock_hz=1)))))
    assert (told["cold"], told["count"], told["median"], told["jitter"], told["samples"]) == (9, 3, 2, 2, [1, 2, 3])
    assert (told["median_interval"], told["needed"], told["modes"], told["outliers"]) == (None, None, None, [])
    assert told["measured"] == {
        "warmup": 2,
        "quiet": True,
        "interrupts": "interrupts masked",
        "clock_hz": 1,
        "board": "",
    }
