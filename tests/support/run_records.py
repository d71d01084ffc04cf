"""Records of runs to make reports of: small ones, large ones, and ones whose content means harm."""

from __future__ import annotations

import math
from typing import Any

from harness.record.model import (
    Arena,
    Attempt,
    Board,
    Compared,
    Interval,
    Latency,
    Measurement,
    Op,
    Run,
    Series,
    Test,
)
from tests.support.runs import board

# What must come out as text: markup, terminal sequences, NUL, direction overrides, templates, formulas.
HOSTILE = (
    "<script>alert('owned')</script>",
    "</pre></details><img src=x onerror=\"document.title='owned'\">",
    "'\" onmouseover='alert(1)' x='",
    "]]></svg><script>document.title='owned'</script>",
    "\x1b[31mred\x1b[0m\x1b]8;;http://example.invalid\x07",
    "nul\x00bell\x07\x9b31m",
    "\u202egnp.exe\u2066\u2028\u200b\ufeff",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}",
    "$\\frac{1}{0}$ $x_$",
    "javascript:alert(1)",
)

BOARD = board(name="emulator-0", serial="DFA5DBA5260CDF84", build="4f1c2aa")


def run(tests: list[Test], **given: Any) -> Run:
    """A run of these tests, complete."""
    told: dict[str, Any] = {
        "started": "2026-11-21T03:00:00+00:00",
        "seconds": 61.2,
        "ended": "complete",
        "command": ["pytest", "test_cases"],
        "versions": {"tflm-hil": "0.1.0", "python": "3.11.7"},
        "boards": [BOARD],
        **given,
    }
    return Run(version=1, tests=tests, **told)


def passed(name: str = "test_a.py::test_one", *measurements: Measurement, **given: Any) -> Test:
    """A test that passed."""
    return Test(id=name, outcome="passed", seconds=0.5, board="emulator-0", measurements=list(measurements), **given)


def failed(name: str = "test_a.py::test_two", message: str = "42 expected, 41 came", **given: Any) -> Test:
    """A test that failed, with a log."""
    told: dict[str, Any] = {
        "outcome": "failed",
        "board": "emulator-0",
        "log_tail": ["12:00:00.000   hello from the device"],
        "log": "logs/test_two-0123abcd.log",
        **given,
    }
    return Test(id=name, seconds=0.5, message=message, **told)


def attempt(message: str) -> Attempt:
    """One that did not count."""
    return Attempt(outcome="failed", board="emulator-0", message=message, seconds=0.1)


def latency(samples: list[float], cold: float | None = None) -> Latency:
    """Durations with their figures."""
    ordered = sorted(samples)
    return Latency(
        count=len(samples),
        samples_us=samples,
        min=ordered[0],
        median=ordered[len(ordered) // 2],
        p95=ordered[len(ordered) * 95 // 100],
        max=ordered[-1],
        mean=sum(samples) / len(samples),
        deviation=1.0,
        jitter=ordered[-1] - ordered[0],
        cold_us=cold,
        interval=Interval(low=ordered[0], high=ordered[-1], level=0.95),
        needed=10,
        warmup=5,
        interrupts="USB held back for 1 s",
    )


def measurement(model: str = "lstm_resvar_int8", *, samples: int = 200, steps: int = 64, **given: Any) -> Measurement:
    """All that a session can measure, with every chart there is."""
    expected: list[float | None] = [math.sin(step / 5) for step in range(steps)]
    told: dict[str, Any] = {
        "model": model,
        "sha256": "68dd5e34eb9c071fc7788942c3f4cb464e06f04e41ca7e2d7a20fe7d989056d3",
        "board": "emulator-0",
        "model_bytes": 5968,
        "arena": Arena(
            size=65536,
            used=2852,
            head=320,
            tail=2532,
            minimum=4320,
            categories={"persistent_buffers": 916, "node_registrations": 896, "eval_tensors": 420},
        ),
        "latency": latency([683 + number % 7 / 10 for number in range(samples)], cold=695.25),
        "profile": [
            Op(index=0, name="CALL_ONCE", us=40.5, depth=0),
            Op(index=1, name="UNIDIRECTIONAL_SEQUENCE_LSTM", us=600.25, macs=18_432, depth=0),
            Op(index=2, name="FULLY_CONNECTED", us=42.0, macs=64, depth=0),
        ],
        "comparisons": [Compared(what="reference", equal=steps, steps=steps)],
        "outputs": [
            Series(what="reference", output=0, element=0, first=0, steps=steps, values=expected, expected=expected)
        ],
        **given,
    }
    return Measurement(**told)


def large_run(measurements: int = 500) -> Run:
    """As many measurements, each of a model of its own, with everything; every tenth test fails, with a long log."""
    tests = []
    for number in range(measurements):
        name = f"test_models.py::test_model[model-{number:03d}]"
        each = measurement(f"model-{number:03d}", samples=1_000)
        if number % 10:
            tests.append(passed(name, each))
        else:
            log = [f"12:00:00.{line:03d}   {'line of a log ' * 10}" for line in range(200)]
            tests.append(failed(name, "expected:\n" + "a long message\n" * 400, log_tail=log, measurements=[each]))
    return run(tests)


def hostile_run() -> Run:
    """Every text of it means harm, in every place that a record has for text."""
    text = " ".join(HOSTILE)
    texts = [name for name in Board.__struct_fields__ if name not in ("clock_hz", "pointer_bits")]
    board = Board(**dict.fromkeys(texts, text), clock_hz=125_000_000, pointer_bits=32)
    each = measurement(
        text,
        sha256=text,
        board=text,
        options={text: text},
        arena=Arena(size=65536, used=2852, head=320, tail=2532, categories=dict.fromkeys(HOSTILE, 100)),
        profile=[Op(index=place, name=one, us=1.0, macs=5, depth=0) for place, one in enumerate(HOSTILE)],
        comparisons=[Compared(what=text, equal=1, steps=2)],
        accuracy={text: 0.5},
        outputs=[Series(what=text, output=0, element=0, first=0, steps=2, values=[0.0, None], expected=[0.0, 1.0])],
    )
    tests = [
        failed(text, "\n".join(HOSTILE), board=text, log=text, log_tail=list(HOSTILE), measurements=[each]),
        failed("test_b", text + "x" * 10_000_000, log_tail=["y" * 10_000_000, *HOSTILE], attempts=[attempt(text)]),
    ]
    return run(tests, boards=[board], ended=text, started=text, command=[text], versions={text: text})
