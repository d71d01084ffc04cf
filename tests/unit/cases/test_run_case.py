"""Cases carried out on a host board, with the example models."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tflite_micro", reason="TFLM's wheel exists for x86-64 Linux only")

from harness.bench import Bench
from harness.boards.host.board import HostBoard
from harness.cases.run import CaseTools, check_latency, run_case
from harness.cases.schema import LatencyLimit
from harness.errors import (
    ArenaTooSmall,
    CaseError,
    LimitExceeded,
    Misuse,
    ModelNotFound,
    OutputMismatch,
    ReferenceUnavailable,
)
from harness.measure.latency import Latency
from harness.models.library import ModelLibrary
from harness.models.reference import ReferenceEngine
from harness.tflm import availability

MODELS = Path(__file__).parents[3] / "test_cases" / "models"


@pytest.fixture(scope="module")
def engine():
    engine = ReferenceEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def host_bench(tmp_path_factory):
    bench = Bench(HostBoard(tmp_path_factory.mktemp("boards")), ModelLibrary([MODELS]))
    bench.prepare(bench.library.valid_models())
    yield bench
    bench.close()


@pytest.fixture
def run(load, host_bench, engine):
    """Runs the one case of a file's text; the bench has no session left over afterwards."""

    def run_text(model, case, *, update_golden=False):
        lines = "".join(f"    {line}\n" for line in case.split("\n"))
        [parsed] = load(f"tflm-hil: 1\nmodel: {model}\ncases:\n  - name: a\n{lines}")
        try:
            run_case(parsed, CaseTools(host_bench, lambda: engine, update_golden))
        finally:
            host_bench.close_sessions()
        return parsed

    return run_text


ONES = "inputs: {values: [[1], [1], [1]]}\n"
NOISE = "inputs: {generator: uniform, seed: 3, steps: 8}\n"


# --- outputs ---------------------------------------------------------------------------------------------------------


def test_expected_values(run):
    run("accumulator", ONES + "expect: {values: [[11], [12], [13]]}")
    with pytest.raises(OutputMismatch, match=r"14\.0 expected, 13\.0 came") as caught:
        run("accumulator", ONES + "expect: {values: [[11], [12], [14]]}")
    assert "expected values" in caught.value.message
    assert "step 2" in caught.value.message


def test_a_tolerance_is_kept(run):
    run("accumulator", ONES + "expect: {values: [[11], [12], [14]], tolerance: {absolute: 1}}")
    with pytest.raises(OutputMismatch, match=r"within 0\.5 expected"):
        run("accumulator", ONES + "expect: {values: [[11], [12], [14]], tolerance: {absolute: 0.5}}")
    run("sine_int8", "inputs: {values: [[-128]], real: false}\nexpect: {values: [[6]], tolerance: {lsb: 255}}")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ("[[11], [12]]", r"numbers of shape \[3, 1, 1\] and type float32 expected"),
        ("[[11], [12], [a]]", "something else than numbers came"),
        ("[[11], [12], []]", r"numbers of shape \[3, 1, 1\]"),
    ],
)
def test_expected_values_that_no_output_can_be(run, values, message):
    with pytest.raises(CaseError, match=message) as caught:
        run("accumulator", f"{ONES}expect: {{values: {values}}}")
    assert caught.value.line == 4


@pytest.mark.parametrize("value", ["128", "1.5", "-129", str(2**70)])
def test_expected_values_are_not_bent_to_the_outputs_type(run, value):
    with pytest.raises(CaseError, match="not all values fit int8|numbers came"):
        run("sine_int8", f"inputs: {{values: [[1]]}}\nexpect: {{values: [[{value}]]}}")


def test_the_reference(run):
    run("lstm_resvar_int8", NOISE + "expect: {reference: exact}")
    run("sine_float", NOISE + "expect: {reference: {absolute: 1.0e-6}}")


def test_a_golden_file_is_written_when_asked_for_and_then_demanded(run, tmp_path):
    expect = "expect: {golden: g.npz}"
    with pytest.raises(CaseError, match=r"g\.npz does not exist"):
        run("sine_int8", NOISE + expect)
    assert not (tmp_path / "g.npz").exists()
    run("sine_int8", NOISE + expect, update_golden=True)
    run("sine_int8", NOISE + expect)
    with np.load(tmp_path / "g.npz") as loaded:
        arrays = {**loaded, "output_0": loaded["output_0"] ^ np.array([[[1]]] + [[[0]]] * 7, np.int8)}
    np.savez(tmp_path / "g.npz", **arrays)
    with pytest.raises(OutputMismatch, match="golden file"):
        run("sine_int8", NOISE + expect)
    with pytest.raises(CaseError, match="made for other inputs"):
        run("sine_int8", NOISE.replace("seed: 3", "seed: 4") + expect)


def test_a_golden_file_holds_what_the_reference_says_and_not_the_board(load, host_bench, tmp_path):
    """An update on a broken board must not make its outputs the truth."""

    class Elsewhere:
        def run(self, model, steps, reset_before):
            return [(np.full((1, 1), 77, np.int8),) for _ in steps]

    [case] = load(f"tflm-hil: 1\nmodel: sine_int8\ncases:\n  - name: a\n    {NOISE}    expect: {{golden: g.npz}}\n")
    with pytest.raises(OutputMismatch, match="golden file"):
        run_case(case, CaseTools(host_bench, Elsewhere, update_golden=True))
    host_bench.close_sessions()
    with np.load(tmp_path / "g.npz") as loaded:
        assert set(loaded["output_0"].ravel()) == {77}


def test_where_tflm_cannot_run_the_golden_file_takes_the_references_place(run, monkeypatch):
    both = "expect: {reference: exact, golden: g.npz}"
    run("sine_int8", NOISE + both, update_golden=True)
    monkeypatch.setattr(availability, "why_unavailable", lambda: "no wheel for this computer")
    run("sine_int8", NOISE + both)
    with pytest.raises(ReferenceUnavailable, match="no reference and no golden file: no wheel"):
        run("sine_int8", NOISE + "expect: {reference: exact}")


# --- limits ----------------------------------------------------------------------------------------------------------


def test_an_arena_limit(run):
    run("sine_int8", "arena: {max: 16 KiB, headroom: 15 %}")
    with pytest.raises(LimitExceeded, match="at most 64 bytes expected.*too many"):
        run("sine_int8", "arena: {max: 64}")
    with pytest.raises(LimitExceeded, match="with 15 % headroom"):
        run("sine_int8", "arena: {max: {host: 64}, headroom: 15 %}")
    run("sine_int8", "arena: {max: {pico: 64}}")


def test_an_arena_size_is_what_the_model_gets(run):
    with pytest.raises(ArenaTooSmall, match="an arena of 800 bytes is too small"):
        run("sine_int8", "arena: {size: 800}")


def test_a_latency_limit(run):
    run("sine_int8", "inputs: {values: [[1]]}\nlatency: {repeats: 5, host: {max: 10 s}, pico: {max: 1 ns}}")
    with pytest.raises(LimitExceeded, match=r"sine_int8 on host: invoke p95 of at most 0\.001 us expected") as caught:
        run("sine_int8", "inputs: {values: [[1]]}\nlatency: {repeats: 5, host: {p95: 1 ns}}")
    assert "median" in caught.value.message


def test_each_limit_is_compared_with_its_own_figure():
    latency = Latency((1.0, 2.0, 3.0, 4.0, 100.0))
    check_latency(latency, LatencyLimit(), what="m")
    check_latency(latency, LatencyLimit(median="3 us", p95="81 us", max="100 us"), what="m")
    for limit, came in (({"median": "2 us"}, r"\+50%"), ({"p95": "80 us"}, r"\+1%"), ({"max": "50 us"}, r"\+100%")):
        with pytest.raises(LimitExceeded, match=rf"m: invoke {next(iter(limit))} .* came \({came}\)"):
            check_latency(latency, LatencyLimit(**limit), what="m")
    with pytest.raises(LimitExceeded, match=r"at most 0\.000 us expected, 3\.000 us came;"):
        check_latency(latency, LatencyLimit(median="0 us"), what="m")


# --- state -----------------------------------------------------------------------------------------------------------


def test_state_that_is_as_the_case_says(run):
    run("accumulator", ONES + "state: {remembers: true, reset: differs, reopen: restarts}")
    run("lstm_resvar_int8", NOISE + "state: {remembers: true, reset: restarts, reopen: restarts}")
    run("sine_int8", NOISE + "state: {remembers: false, reset: restarts, reopen: restarts}")


@pytest.mark.parametrize(
    ("model", "state", "message"),
    [
        (
            "sine_int8",
            "remembers: true",
            "other outputs expected than in a run with the state cleared before each step",
        ),
        ("accumulator", "remembers: false", "the same outputs expected as in a run with the state cleared"),
        ("accumulator", "reset: restarts", r"the same outputs expected as in the first run, after reset\(\)"),
        ("lstm_resvar_int8", "reset: differs", r"other outputs expected than in the first run, after reset\(\)"),
        ("accumulator", "reopen: differs", r"other outputs expected than in the first run, after reopen\(\)"),
    ],
)
def test_state_that_is_not_as_the_case_says(run, model, state, message):
    inputs = ONES if model == "accumulator" else NOISE
    with pytest.raises(OutputMismatch, match=message):
        run(model, f"{inputs}state: {{{state}}}")


def test_one_step_cannot_show_a_state(run):
    with pytest.raises(Misuse, match="one step cannot show whether a model remembers"):
        run("sine_int8", "inputs: {values: [[1]]}\nstate: {remembers: true}")


def test_a_reset_in_the_sequence(run):
    run("accumulator", ONES + "expect: {values: [[11], [1], [2]]}\nstate: {reset_before: [1]}")
    run("lstm_resvar_int8", NOISE + "expect: {reference: exact}\nstate: {reset_before: [2, 5]}")
    with pytest.raises(CaseError, match="reset_before 3: the sequence has only 3 steps"):
        run("accumulator", ONES + "expect: {values: [[11], [1], [2]]}\nstate: {reset_before: [3]}")


# --- models ----------------------------------------------------------------------------------------------------------


def test_a_model_is_a_path_from_the_case_file_or_a_name(run, tmp_path):
    (tmp_path / "mine.tflite").write_bytes((MODELS / "sine_int8.tflite").read_bytes())
    run("mine.tflite", "arena: {max: 16 KiB}")
    run("sine_int8", "arena: {max: 16 KiB}")
    with pytest.raises(CaseError, match="model 'models/none.tflite' does not exist: .*models/none.tflite"):
        run("models/none.tflite", "arena: {}")
    with pytest.raises(ModelNotFound, match="no model 'none'.*there are .*sine_int8"):
        run("none", "arena: {}")
