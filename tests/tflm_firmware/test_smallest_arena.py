"""The smallest arena on the emulated Pico is the smallest one: that works, 16 bytes less does not, all above do."""

from pathlib import Path

import pytest

from harness.errors import ArenaCorrupts, ArenaTooSmall, DeviceCrashed, HarnessError
from harness.experiments.arena import Opening, size_arena, verify_arena
from harness.experiments.inputs import shared_inputs
from harness.measure.sizing import predict_minimum
from harness.models.planned import count_planned_tensors
from tests.tflm_firmware.conftest import ROOT, cached_tflm

MODELS = sorted(path.stem for path in (ROOT / "test_cases" / "models").glob("*.tflite"))
TRAINED_LSTM = Path("tensorflow/lite/micro/examples/mnist_lstm/trained_lstm_int8.tflite")


def outputs_in(bench, model, inputs, size):
    with bench.open(model, arena=size) as session:
        return [[array.tobytes() for array in step] for step in session.run(inputs).outputs]


@pytest.mark.parametrize("name", MODELS)
def test_nothing_below_it_works_and_nothing_above_it_fails(firmware, open_bench, name):
    bench = open_bench(firmware, name)
    model = bench.library.find(name)
    sizing = size_arena(bench, model)
    minimum, full = sizing.minimum, sizing.arena.size
    assert sizing.predicted == predict_minimum(
        sizing.arena, tensors=model.tensor_count, planned=count_planned_tensors(model)
    )
    assert abs(sizing.predicted - minimum) < max(400, minimum // 5)
    # Other inputs than those of the search, and more of them.
    inputs = shared_inputs(model, model, seed=64, steps=6)[0]
    good = outputs_in(bench, model, inputs, full)
    near = range(minimum, minimum + 32 * 16, 16)
    far = [minimum + (full - minimum) * part // 32 // 16 * 16 for part in range(1, 33)]
    scanned = sorted({*near, *far})
    assert len(scanned) == 64
    wrong = [size for size in scanned if outputs_in(bench, model, inputs, size) != good]
    assert not wrong
    with pytest.raises((ArenaTooSmall, DeviceCrashed)):
        assert outputs_in(bench, model, inputs, minimum - 16) == good
    assert bench.notices == []


@pytest.mark.parametrize("preserve", [False, True])
def test_two_searches_find_the_same_in_the_same_way(firmware, open_bench, preserve):
    bench = open_bench(firmware, "lstm_seq_float")
    opening = Opening(preserve_all_tensors=preserve)
    once, again = (size_arena(bench, "lstm_seq_float", opening=opening) for _ in range(2))
    assert once == again


def test_used_bytes_are_not_enough(firmware, open_bench):
    """Why there is a search at all."""
    bench = open_bench(firmware, "lstm_seq_int8")
    sizing = size_arena(bench, "lstm_seq_int8")
    assert sizing.minimum > 1.4 * sizing.arena.used
    with pytest.raises(HarnessError):
        bench.open("lstm_seq_int8", arena=(sizing.arena.used + 15) // 16 * 16)


def test_crashes_on_the_way_leave_a_board_that_works_and_nothing_to_tell(firmware, open_bench):
    bench = open_bench(firmware, "svdf_int8")
    # Below what the search would try, the firmware's TFLM runs into a fault.
    with pytest.raises(DeviceCrashed, match="HardFault"):
        bench.open("svdf_int8", arena=1344)
    session = bench.open("svdf_int8", arena=8192)
    assert session.minimum_arena() == 1600
    assert (session.arena.size, session.arena.minimum) == (8192, 1600)
    session.run(shared_inputs(session.model, session.model, 0, 2)[0])


def test_a_model_with_windows_of_false_success_gets_none_of_them(firmware, open_bench):
    """A small LSTM of TFLM's own, seen to report success and compute wrong in arenas of 2,452 to 2,516 bytes."""
    tree = cached_tflm()
    model = None if tree is None else tree / TRAINED_LSTM
    if model is None or not model.is_file():
        pytest.skip(f"TFLM's sources in the source cache have no {TRAINED_LSTM.name}")
    bench = open_bench(firmware, model)
    sizing = size_arena(bench, model)
    assert sizing.minimum > 3252
    for size in (*range(2448, 2528, 16), 2452, 2516):
        with pytest.raises((ArenaCorrupts, ArenaTooSmall, DeviceCrashed)):
            verify_arena(bench, model, size)
    verify_arena(bench, model, sizing.minimum)
