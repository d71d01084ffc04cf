"""Cases carried out on a host board, with the example models."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

pytest.importorskip("tflite_micro", reason="TFLM's wheel exists for x86-64 Linux only")

from harness.bench import Bench
from harness.boards.host.board import HostBoard
from harness.cases.run import CaseTools, run_case
from harness.cases.schema import Disturbance
from harness.errors import (
    ArenaTooSmall,
    CaseError,
    LimitExceeded,
    Misuse,
    ModelNotFound,
    OutputMismatch,
    ReferenceUnavailable,
    SessionClosed,
    StateKept,
)
from harness.experiments.disturbances import DISTURBANCES
from harness.models.library import ModelLibrary
from harness.models.reference import ReferenceEngine
from harness.session import Session
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
    with pytest.raises(CaseError, match="other conditions: CRC-32 of inputs and resets"):
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


def test_headroom_is_that_above_the_smallest_arena_and_not_above_used(run, host_bench):
    with host_bench.open("sine_int8") as session:
        used, minimum = session.arena.used, session.minimum_arena()
    enough = (minimum * 115 // 100 + 15) // 16 * 16
    assert used * 1.15 < minimum
    run("sine_int8", f"arena: {{max: {used}}}")
    run("sine_int8", f"arena: {{max: {enough}, headroom: 15 %}}")
    run("sine_int8", f"arena: {{max: {minimum}, minimum: true}}")
    run("sine_int8", f"arena: {{max: {minimum}, headroom: 0 %}}")
    with pytest.raises(LimitExceeded, match=f"smallest working arena is {minimum:,} bytes, with 15 % headroom"):
        run("sine_int8", f"arena: {{max: {enough - 16}, headroom: 15 %}}")
    for key in ("minimum: true", "headroom: 0 %"):
        with pytest.raises(LimitExceeded, match=f"smallest working arena is {minimum:,} bytes: 1 too many"):
            run("sine_int8", f"arena: {{max: {minimum - 1}, {key}}}")
    with pytest.raises(LimitExceeded, match=r"the arena that the model was opened in\); the smallest"):
        run("sine_int8", f"arena: {{size: {minimum}, headroom: 1 %}}")


def test_the_smallest_arena_is_looked_for_only_where_a_case_is_about_it(run, host_bench, monkeypatch):
    def none(*_, **__):
        raise AssertionError("it was looked for")

    monkeypatch.setattr("harness.cases.arena.minimum_arena", none)
    for arena in ("max: 16 KiB", "max: {pico: 64}, headroom: 15 %", "size: 8 KiB", "size: 8 KiB, verify: true"):
        run("sine_int8", f"arena: {{{arena}}}")
    for arena in ("headroom: 15 %", "minimum: true", "max: {pico: 64}, minimum: true", "size: 8 KiB, headroom: 1 %"):
        with pytest.raises(AssertionError, match="it was looked for"):
            run("sine_int8", f"arena: {{{arena}}}")


def test_an_arena_that_preserves_all_tensors_has_a_smallest_one_too(run):
    run("sine_int8", "preserve_all_tensors: true\narena: {max: 16 KiB, headroom: 15 %}")


def test_an_arena_is_verified_with_the_cases_own_inputs(run, monkeypatch):
    asked = []
    monkeypatch.setattr("harness.cases.arena.verify_arena", lambda *given, **more: asked.append((given[2], more)))
    run("accumulator", ONES + "arena: {size: 4 KiB, verify: true}\nexpect: {values: [[11], [12], [13]]}")
    [(size, more)] = asked
    assert (size, [step[0].item() for step in more["sequence"]]) == (4096, [1, 1, 1])


def test_an_arena_size_is_what_the_model_gets(run):
    with pytest.raises(ArenaTooSmall, match="an arena of 800 bytes is too small"):
        run("sine_int8", "arena: {size: 800}")


def test_a_latency_limit(run):
    run("sine_int8", "inputs: {values: [[1]]}\nlatency: {repeats: 5, host: {max: 10 s}, pico: {max: 1 ns}}")
    with pytest.raises(LimitExceeded, match=r"sine_int8 on host: invoke p95 of at most 0\.001 us expected") as caught:
        run("sine_int8", "inputs: {values: [[1]]}\nlatency: {repeats: 5, host: {p95: 1 ns}}")
    assert "median" in caught.value.message


@pytest.mark.parametrize(("figure", "said"), [("cold", "first invoke of at most"), ("jitter", "invoke jitter of at")])
def test_the_first_invoke_and_the_jitter_have_limits_of_their_own(run, figure, said):
    run("sine_int8", f"inputs: {{values: [[1]]}}\nlatency: {{repeats: 5, host: {{{figure}: 10 s}}}}")
    with pytest.raises(LimitExceeded, match=said) as caught:
        run("sine_int8", f"inputs: {{values: [[1]]}}\nlatency: {{repeats: 500, host: {{{figure}: 0 ns}}}}")
    # Of 5 invokes of warm-up the first one is measured, apart.
    assert "measured: 500 invokes after 4 of warm-up, the first one apart" in caught.value.message


def test_a_profile_is_made_where_the_board_can(run):
    run("sine_int8", "inputs: {values: [[1]]}\nlatency: {repeats: 5, profile: true, emulator: {median: 5 cycles}}")


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


def test_a_case_can_name_all_that_a_state_survives(run):
    assert get_args(Disturbance) == DISTURBANCES
    run("lstm_seq_int8", NOISE + f"state: {{survives: [{', '.join(DISTURBANCES)}]}}")
    run("accumulator", ONES + "state: {survives: [logging], reset_before: [1]}")


def test_what_a_state_does_not_survive_fails_the_case(run, host_bench, monkeypatch):
    monkeypatch.setattr(host_bench, "log", lambda lines: host_bench.close_sessions("it was logged away"))
    with pytest.raises(SessionClosed, match="logged away"):
        run("accumulator", ONES + "state: {survives: [pause, logging]}")
    monkeypatch.setattr(Session, "reset", lambda session: None)
    with pytest.raises(StateKept):
        run("lstm_seq_int8", NOISE + "state: {survives: [pause]}")
    with pytest.raises(Misuse, match="sine_int8 has no state"):
        run("sine_int8", NOISE + "state: {survives: [pause]}")


def test_a_board_without_the_ability_is_an_error_that_names_it(run, host_bench, monkeypatch):
    able = host_bench.client.can
    monkeypatch.setattr(type(host_bench.client), "can", lambda client, ability: ability != "pause" and able(ability))
    run("accumulator", ONES + "state: {survives: [logging]}")
    with pytest.raises(Misuse, match="`pause`"):
        run("accumulator", ONES + "state: {survives: [logging, pause]}")


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


# --- classes and data sets -------------------------------------------------------------------------------------------


def test_only_the_class_counts_with_top_1(run):
    images = "inputs: {generator: uniform, seed: 5, low: 0, high: 1, steps: 2}\n"
    run("shapes_int8", images + "expect: {reference: top-1}")
    ones = "inputs: {generator: ones, low: 0, high: 1, real: true}\n"
    run("shapes_int8", ones + "expect: {values: [[0, 1, 0, 0]], tolerance: top-1}")
    with pytest.raises(OutputMismatch, match="the same class expected") as caught:
        run("shapes_int8", ones + "expect: {values: [[0, 0, 0, 0]], tolerance: top-1}")
    assert "class 0 expected, class" in caught.value.message
    with pytest.raises(Misuse, match="at least two real values"):
        run("sine_int8", NOISE + "expect: {reference: top-1}")


SHAPES = f"accuracy: {{data: {MODELS.parent}/data/shapes.npz, divide: 255, limit: 32, "


def test_predictions_on_a_data_set(run):
    run("shapes_int8", SHAPES + 'top1: ">= 90 %", top3: ">= 0.95", agrees: ">= 100 %"}')
    with pytest.raises(LimitExceeded, match=r"top1 >= 100 % expected, \d\d\.\d % \(95 % sure: .* came, of 32 samples"):
        run("shapes_int8", SHAPES + 'top1: ">= 100 %"}')
    run("sine_int8", f'accuracy: {{data: {MODELS.parent}/data/sine.npz, rmse: "<= 0.02"}}')
    with pytest.raises(LimitExceeded, match="rmse <= 0 expected, 0.01038 came, of 128 samples"):
        run("sine_int8", f'accuracy: {{data: {MODELS.parent}/data/sine.npz, rmse: "<= 0"}}')


@pytest.mark.parametrize(
    ("model", "section", "message"),
    [
        ("shapes_int8", 'data: none.npz, top1: ">= 1 %"', "accuracy: .*none.npz cannot be read"),
        (
            "shapes_int8",
            f'data: {MODELS.parent}/data/shapes.npz, top1: ">= 1 %"',
            "uint8 values came for the quantised",
        ),
        ("shapes_int8", f'data: {MODELS.parent}/data/sine.npz, rmse: "<= 1"', "accuracy: sine.npz: samples of 256"),
        ("svdf_int8", f'data: {MODELS.parent}/data/svdf.npz, top1: ">= 1 %"', "samples of 8 values expected"),
        ("accumulator", f'data: {MODELS.parent}/data/accumulator.npz, mae: "<= 1"', "accumulator has state"),
    ],
)
def test_data_sets_that_do_not_fit(run, model, section, message):
    with pytest.raises(CaseError, match=message) as caught:
        run(model, f"accuracy: {{{section}}}")
    assert caught.value.line == 4
