"""The search for the smallest arena on host boards: good ones, and ones whose arenas go wrong by size."""

import json
import sys

import numpy as np
import pytest

from harness.bench import Bench
from harness.boards.host import board as host_board
from harness.cli.main import main
from harness.errors import (
    ArenaCorrupts,
    BoardLost,
    DeviceCrashed,
    HarnessError,
    Misuse,
    SessionClosed,
)
from harness.experiments.arena import Opening, size_arena, verify_arena
from harness.measure.sizing import ArenaSearchFailed, Outcome, Window
from harness.models.library import ModelLibrary
from harness.models.reference import ReferenceEngine
from tests.integration.conftest import MODELS, ROOT

MODEL = "lstm_resvar_int8"
ONE = np.ones((1, 1), np.float32)

# The search begins at 6,752 bytes, in a window of false success.
TREACHERY = [
    [0, 6671, "error"],
    [6672, 6687, "hang"],
    [6688, 6703, "crash"],
    [6896, 6927, "strange"],
    [6928, 6991, "wrong"],
]


@pytest.fixture
def make_bench(monkeypatch):
    """Makes a bench: `make_bench(treachery)`, `make_bench(fault="flip")`."""
    benches = []

    def make(treachery=None, *, fault=None, **more):
        if treachery is not None or fault is not None:
            what = ["treacherous_device"] if fault is None else ["faulty_device", fault]
            monkeypatch.setattr(
                host_board, "DEVICE_COMMAND", (sys.executable, "-m", f"tests.support.{what[0]}", *what[1:])
            )
            monkeypatch.setenv("PYTHONPATH", str(ROOT))
            monkeypatch.setenv("TREACHEROUS_ARENAS", json.dumps(treachery or []))
        benches.append(Bench(host_board.HostBoard(), ModelLibrary([MODELS]), **more))
        return benches[-1]

    yield make
    for bench in benches:
        bench.close()


@pytest.fixture
def bench(make_bench):
    """A bench with a good board."""
    return make_bench()


def opens_in(bench, since):
    return sum("open model=" in str(line) for line in bench.board.log.since(since))


# --- a good board ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preserve", [False, True])
@pytest.mark.parametrize("model", ["sine_int8", "lstm_seq_int8", "accumulator"])
def test_it_works_and_sixteen_bytes_less_does_not(bench, model, preserve):
    sizing = size_arena(bench, model, opening=Opening(preserve_all_tensors=preserve))
    with bench.open(model, arena=sizing.minimum, preserve_all_tensors=preserve) as session:
        session.invoke(*[np.zeros(spec.shape, spec.dtype) for spec in session.inputs])
    with pytest.raises(HarnessError):
        bench.open(model, arena=sizing.minimum - 16, preserve_all_tensors=preserve)
    # TFLM's wheel does not tell what preserved tensors take; it is found all the same.
    assert (sizing.arena.used is None) is preserve
    assert sizing.available == bench.identity.arena_max
    assert bool(sizing.arena.categories) is not preserve
    assert sizing.minimum < sizing.recommended < 1.2 * sizing.minimum


def test_the_inputs_can_be_given_and_the_search_can_be_watched(bench):
    seen = []
    sizing = size_arena(bench, "accumulator", sequence=[ONE] * 7, headroom=0.5, on_probe=seen.append)
    assert sizing.steps == 7
    assert tuple(seen) == sizing.probes
    assert (sizing.minimum * 3 // 2 + 15) // 16 * 16 == sizing.recommended
    assert sizing.recommended in [probe.size for probe in sizing.probes]
    with pytest.raises(Misuse, match="at least one step"):
        size_arena(bench, "accumulator", sequence=[])


@pytest.mark.parametrize(
    ("outputs", "words"),
    [([11.0, 12.0], "all 2 steps equal the reference"), ([11.0, 12.5], "1 of 2 steps equal the reference, the others")],
)
def test_outputs_at_full_size_are_compared_with_a_reference(bench, outputs, words):
    def reference(model, steps):
        return [(np.array([[value]], np.float32),) for value in outputs]

    sizing = size_arena(bench, "accumulator", sequence=[ONE, ONE], reference=reference)
    assert sizing.reference.startswith(words)


def test_a_reference_that_fails_is_no_failure_of_the_search(bench):
    def reference(model, steps):
        raise DeviceCrashed("SIGSEGV")

    sizing = size_arena(bench, "accumulator", reference=reference)
    assert sizing.reference == "nothing to compare with, the reference failed: SIGSEGV"
    assert sizing.minimum


# --- a session -------------------------------------------------------------------------------------------------------


def test_a_session_is_opened_again_and_reports_what_was_found(make_bench):
    told = []
    bench = make_bench(on_measurement=told.append)
    session = bench.open("accumulator", arena=4096)
    assert [session.invoke(ONE).outputs[0].item() for _ in range(2)] == [11, 12]
    minimum = session.minimum_arena()
    assert session.arena.used < minimum < 4096
    assert (session.arena.size, session.arena.minimum) == (4096, minimum)
    assert session.measurement.arena == session.arena
    assert session.invoke(ONE).outputs[0].item() == 11
    assert [measurement.arena.size for measurement in told] == [4096, 4096]


def test_it_is_looked_for_once_per_model_and_opening(bench):
    session = bench.open("sine_int8")
    minimum = session.minimum_arena()
    mark = bench.board.log.mark()
    assert session.minimum_arena() == minimum
    assert opens_in(bench, mark) == 1
    session.close()
    with bench.open("sine_int8", preserve_all_tensors=True) as session:
        assert session.minimum_arena() > minimum
    with bench.open("sine_int8", resource_variables=10) as session:
        assert session.minimum_arena() > minimum


def test_other_sessions_are_not_put_at_risk(bench):
    session = bench.open("sine_int8", arena=8192)
    other = bench.open("accumulator", arena=8192)
    with pytest.raises(Misuse, match="no other open session expected"):
        session.minimum_arena()
    assert other.invoke(ONE).outputs[0].item() == 11
    with pytest.raises(SessionClosed, match="closed to look for its smallest arena"):
        session.minimum_arena()


# --- boards that go wrong --------------------------------------------------------------------------------------------


def test_neither_false_success_nor_hangs_nor_crashes_lead_it_astray(make_bench):
    bench = make_bench(TREACHERY)
    sizing = size_arena(bench, MODEL)
    assert sizing.minimum == 6992
    assert sizing.predicted == 6752
    outcomes = {probe.outcome for probe in sizing.probes}
    assert {Outcome.WORKS, Outcome.WRONG, Outcome.CRASHED} <= outcomes
    assert sizing.wrong[-1].last == 6976
    assert bench.notices == []
    session = bench.open(MODEL, arena=6992)
    session.invoke(np.zeros((1, 1), np.int8))


@pytest.mark.parametrize(
    ("what", "outcome", "detail"),
    [
        ("error", Outcome.TOO_SMALL, "AllocateTensors() failed"),
        ("wrong", Outcome.WRONG, "step 1"),
        ("crash", Outcome.CRASHED, "the board came back without a crash record"),
        ("strange", Outcome.CRASHED, "the device has"),
        ("hang", Outcome.HUNG, "nothing came within 5"),
    ],
)
def test_each_failure_is_too_small_and_keeps_its_name(make_bench, what, outcome, detail):
    bench = make_bench([[0, 6751, what]])
    sizing = size_arena(bench, MODEL)
    assert sizing.minimum == 6752
    [failed] = [probe for probe in sizing.probes if not probe.works]
    assert (failed.size, failed.outcome) == (6736, outcome)
    assert detail in failed.detail
    assert sizing.wrong == ((Window(6736, 6736),) if what == "wrong" else ())
    with bench.open(MODEL) as session:
        assert session.arena.size == bench.identity.arena_max


def test_a_board_that_is_lost_ends_the_search_with_what_is_known(make_bench, monkeypatch):
    bench = make_bench([[0, 6751, "error"]])

    def lost():
        raise BoardLost("it does not come back", tried=["everything"])

    monkeypatch.setattr(bench, "ensure_ready", lost)
    with pytest.raises(ArenaSearchFailed, match="a board expected that comes back") as caught:
        size_arena(bench, MODEL)
    assert [(probe.size, probe.works) for probe in caught.value.probes] == [(6752, True), (6736, False)]
    assert "the smallest that works above it 6,752" in caught.value.message
    assert "unplug" in caught.value.advice


def test_outputs_that_are_not_the_same_twice_are_nothing_to_compare_with(make_bench):
    bench = make_bench(fault="flip")
    with pytest.raises(ArenaSearchFailed, match="the same outputs expected from the same inputs") as caught:
        size_arena(bench, MODEL)
    assert caught.value.probes == ()


def test_a_session_whose_search_crashes_the_board_is_still_ended_with_the_others(make_bench):
    bench = make_bench([[0, 6751, "crash"]])
    assert bench.open(MODEL, arena=8192).minimum_arena() == 6752
    bench.close_sessions()
    with bench.open(MODEL) as session:
        assert session.arena.size == bench.identity.arena_max


# --- an arena of a given size ----------------------------------------------------------------------------------------


def test_an_arena_that_corrupts_is_noticed_if_asked_for(make_bench):
    bench = make_bench(TREACHERY)
    # Without the question nothing is noticed: this is the danger.
    bench.open(MODEL, arena=6960).close()
    with pytest.raises(ArenaCorrupts, match="32,768 KiB|33,554,432 bytes expected, in one of 6,960 bytes") as caught:
        bench.open(MODEL, arena=6960, verify=True)
    assert (caught.value.arena, caught.value.full) == (6960, bench.identity.arena_max)
    assert "step 1" in caught.value.message
    assert "tflm-hil size MODEL" in str(caught.value)


def test_an_arena_that_is_right_is_opened_as_new(bench):
    session = bench.open("accumulator", arena=4096, verify=True)
    assert session.arena.size == 4096
    assert session.invoke(ONE).outputs[0].item() == 11


def test_without_a_larger_arena_there_is_nothing_to_verify_with(bench):
    with pytest.raises(Misuse, match="a size of the arena expected"):
        bench.open("accumulator", verify=True)
    with pytest.raises(Misuse, match="less than the 33,554,432 bytes that are free"):
        verify_arena(bench, "accumulator", bench.identity.arena_max)


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_shows_figures_and_a_line_of_c(capsys):
    models = [str(MODELS / f"{name}.tflite") for name in ("sine_int8", "accumulator")]
    assert main(["size", *models, "--headroom", "10%"]) == 0
    told = capsys.readouterr().out
    assert "a Pico needs fewer" in told
    assert "alignas(16) static uint8_t tensor_arena[" in told
    assert "sine_int8: needs" in told and "and 10 % headroom" in told
    assert "accumulator: at full size all 4 steps equal the reference" in told


def test_the_command_for_programs(capsys):
    assert main(["size", str(MODELS / "sine_int8.tflite"), "--json", "--steps", "3", "--preserve-all-tensors"]) == 0
    told = json.loads(capsys.readouterr().out)
    [sizing] = told["models"]
    assert told["failed"] == []
    assert (sizing["model"], sizing["used"], sizing["steps"]) == ("sine_int8", None, 3)
    assert [sizing["minimum"] - 16, "too small"] in [probe[:2] for probe in sizing["probes"]]
    assert sizing["preserve_all_tensors"] is True
    assert f"tensor_arena[{sizing['recommended']}]" in sizing["c_line"]


def test_a_model_that_fails_does_not_keep_the_others_from_being_measured(make_bench, capsys):
    make_bench([[2**31, 2**31, "error"]])
    model = str(MODELS / "sine_int8.tflite")
    assert main(["size", model, "--json"]) == 1
    output = capsys.readouterr()
    [failed] = json.loads(output.out)["failed"]
    assert (failed["model"], failed["error"]) == ("sine_int8", "InferenceFailed")
    assert "sine_int8: InferenceFailed" in output.err


def test_the_command_with_inputs_of_ones_own(tmp_path, monkeypatch, capsys):
    rows = np.array([[-100], [0], [3], [100]], np.int8)
    np.save(tmp_path / "rows.npy", rows)
    ran = []
    engine = ReferenceEngine.run
    monkeypatch.setattr(ReferenceEngine, "run", lambda *given: ran.append(given[2]) or engine(*given))
    given = ["size", str(MODELS / "sine_int8.tflite"), "--json", "--inputs", str(tmp_path / "rows.npy")]
    assert main([*given, "--raw", "--steps", "3"]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["steps"] == 3
    assert [step[0].item() for step in ran[0]] == [-100, 0, 3]
    assert main(given) == 1
    output = capsys.readouterr()
    assert json.loads(output.out)["failed"][0]["error"] == "DatasetError"
    assert "--raw if they are its integers" in output.err
    assert main(given[:3] + ["--raw"]) == 2
    assert "--raw and --divide are about the numbers of --inputs" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--headroom", "15"], ["--headroom", "-1%"], ["--steps", "0"], ["--seed", "x"], ["--arena", "1"]]
)
def test_wrong_arguments(arguments):
    with pytest.raises(SystemExit) as ended:
        main(["size", str(MODELS / "sine_int8.tflite"), *arguments])
    assert ended.value.code == 2
