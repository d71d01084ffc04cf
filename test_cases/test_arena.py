"""How much tensor arena the models take, and what happens when there is too little."""

import pytest

from harness import ArenaTooSmall, DeviceCrashed, KiB

MODELS = ("sine_int8", "sine_float", "shapes_int8", "lstm_resvar_int8", "lstm_seq_int8", "svdf_int8", "accumulator")


@pytest.mark.parametrize("model", MODELS)
def test_the_arena_is_within_its_budget_and_accounted_for(open_model, model):
    arena = open_model(model, arena=64 * KiB).arena
    print(arena)
    assert arena.size == 64 * KiB
    assert arena.used <= 16 * KiB
    assert arena.used == arena.head + arena.tail
    counted = open_model(model, arena=64 * KiB, categories=True).arena
    assert 0 < sum(counted.categories.values()) <= counted.tail
    # Counting takes a little memory itself, so it is not what a product's figure is taken from.
    assert arena.used <= counted.used <= arena.used + 256


def test_the_fused_lstm_takes_less_than_one_of_single_operators(open_model):
    fused = open_model("lstm_seq_int8", arena=64 * KiB).arena.used
    assert fused < open_model("lstm_resvar_int8", arena=64 * KiB).arena.used


def test_preserving_all_tensors_costs_so_much_that_tflm_does_not_even_count_it(open_model):
    session = open_model("sine_int8", preserve_all_tensors=True, arena=64 * KiB)
    if session.arena.pointer_bits == 64:
        assert session.arena.used is None


def test_a_slightly_too_small_arena_is_an_error_with_figures(open_model):
    need = open_model("sine_int8", arena=64 * KiB).arena.used
    with pytest.raises(ArenaTooSmall) as caught:
        open_model("sine_int8", arena=need - 64)
    assert caught.value.arena == need - 64
    assert caught.value.missing > 0


def test_a_far_too_small_arena_kills_tflm_and_the_next_model_opens(open_model):
    with pytest.raises((DeviceCrashed, ArenaTooSmall)) as caught:
        open_model("sine_int8", arena=64)
    assert "Failed to allocate" in str(caught.value)
    assert open_model("sine_int8").arena.used > 0


def test_an_arena_larger_than_the_board_has_is_refused(open_model, bench):
    with pytest.raises(ArenaTooSmall, match="are free|expected"):
        first = open_model("sine_int8", arena=bench.identity.arena_max)
        assert first.arena.size == bench.identity.arena_max
        open_model("sine_float", arena=16 * KiB)
