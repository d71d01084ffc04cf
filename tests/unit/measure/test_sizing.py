"""The search for the smallest arena, on boards that are made up: no size is ever tried twice, and few are."""

import pytest

from harness.measure.arena import Arena
from harness.measure.sizing import (
    ArenaSearchFailed,
    Outcome,
    Probe,
    Window,
    find_minimum,
    predict_minimum,
    wrong_windows,
)

WORKS, SMALL, WRONG, CRASHED, HUNG = (
    Outcome.WORKS,
    Outcome.TOO_SMALL,
    Outcome.WRONG,
    Outcome.CRASHED,
    Outcome.HUNG,
)
FULL = 212_992


class MadeUp:
    """A board of which it is known from which size on what happens."""

    def __init__(self, *steps):
        self.steps = sorted(steps)
        self.tried = []

    def __call__(self, size):
        assert size not in self.tried, "tried before"
        assert 0 < size < FULL, "no arena, or one that is known to be good"
        assert size % 16 == 0
        self.tried.append(size)
        outcome = next((outcome for start, outcome in reversed(self.steps) if start <= size), SMALL)
        return Probe(size, outcome)


def sizes_of(probes, outcome):
    return [probe.size for probe in probes if probe.outcome is outcome]


@pytest.mark.parametrize("predicted", [None, 16, 480, 2480, 2496, 2512, 4000, FULL, 10 * FULL])
@pytest.mark.parametrize("minimum", [16, 32, 2496, 2512, 100_000, FULL - 16])
def test_it_is_found_from_wherever_the_search_begins(predicted, minimum):
    board = MadeUp((minimum, WORKS))
    found, probes = find_minimum(FULL, board, predicted=predicted)
    assert found == minimum
    assert [probe.size for probe in probes] == board.tried
    assert minimum == 16 or minimum - 16 in board.tried
    assert {minimum + 16 * steps for steps in (1, 2, 3, 4)} & set(range(FULL)) <= set(board.tried)
    assert len(board.tried) <= 40


def test_a_right_prediction_takes_one_failure():
    board = MadeUp((2496, WORKS))
    assert find_minimum(FULL, board, predicted=2490)[0] == 2496
    assert board.tried[:2] == [2496, 2480]
    assert len([size for size in board.tried if size < 2496]) == 1
    assert len(board.tried) == 8


@pytest.mark.parametrize("outcome", [SMALL, WRONG, CRASHED, HUNG])
@pytest.mark.parametrize("predicted", [None, 1500, 2200, 2300, 2448, 2480, 3000, 3264])
def test_what_works_below_a_failure_does_not_count(outcome, predicted):
    """As trained_lstm_int8: right down to 3264, errors below, and again success in a window."""
    board = MadeUp((2000, CRASHED), (2448, WORKS), (2528, outcome), (3264, WORKS))
    found, probes = find_minimum(FULL, board, predicted=predicted)
    if predicted in (2448, 2480):
        # From inside the window itself its upper end is what tells.
        assert set(board.tried) & set(range(2528, 3264))
    assert found == 3264
    assert 3248 in sizes_of(probes, outcome)


def test_a_window_of_wrong_outputs_right_below_is_a_failure_and_is_named():
    board = MadeUp((2000, CRASHED), (2400, WRONG), (2528, WORKS))
    found, probes = find_minimum(FULL, board, predicted=2416)
    assert found == 2528
    assert wrong_windows(probes) == (Window(2416, 2512),)


def test_windows_of_wrong_outputs_are_taken_together_only_if_nothing_else_was_seen_between():
    seen = [(160, WRONG), (64, WRONG), (80, SMALL), (96, WRONG), (112, WRONG), (176, WORKS), (16, HUNG), (192, WRONG)]
    windows = wrong_windows(Probe(*one) for one in seen)
    assert windows == (Window(64, 64), Window(96, 160), Window(192, 192))


@pytest.mark.parametrize("hole", [1, 2, 3, 4, 8, 16])
def test_a_hole_right_above_is_noticed_and_not_stepped_over(hole):
    board = MadeUp((2000, WORKS), (2000 + 16 * hole, CRASHED), (2016 + 16 * hole, WORKS))
    assert find_minimum(FULL, board, predicted=2000)[0] == 2016 + 16 * hole


def test_the_sizes_that_are_asked_for_must_work_too():
    def recommended(minimum):
        return [minimum + 990]

    board = MadeUp((2000, WORKS), (3000, HUNG), (3008, WORKS))
    assert find_minimum(FULL, board, predicted=2000)[0] == 2000
    board = MadeUp((2000, WORKS), (2992, HUNG), (3008, WORKS))
    found, probes = find_minimum(FULL, board, predicted=2000, also=recommended)
    assert (found, sizes_of(probes, HUNG)) == (3008, [2992])


def test_what_is_as_large_as_the_good_size_is_not_tried():
    board = MadeUp((FULL - 32, WORKS))
    assert find_minimum(FULL, board, predicted=5000, also=lambda minimum: [FULL, 2 * FULL])[0] == FULL - 32


def test_nothing_smaller_works():
    board = MadeUp()
    found, probes = find_minimum(FULL, board, predicted=2496)
    assert found == FULL
    assert FULL - 16 in board.tried
    assert len(probes) <= 30


@pytest.mark.parametrize("good", [1, 15, 16, 17, 100])
def test_a_good_size_of_any_number_of_bytes(good):
    tried = []

    def fails(size):
        tried.append(size)
        assert 0 < size < good
        return Probe(size, SMALL)

    assert find_minimum(good, fails, predicted=64)[0] == good
    assert find_minimum(good, lambda size: Probe(size, WORKS))[0] == min(good, 16)


def test_a_board_where_chance_decides_ends_the_search_with_what_is_known():
    """Whatever size is taken for the smallest, the next one fails."""
    worked = set()

    def probe(size):
        if size - 16 in worked:
            return Probe(size, SMALL)
        worked.add(size)
        return Probe(size, WORKS)

    with pytest.raises(ArenaSearchFailed, match="300 sizes were tried; the largest that failed is") as caught:
        find_minimum(FULL, probe, predicted=2000)
    assert len(caught.value.probes) == 300


def test_an_error_of_a_probe_goes_through():
    def lost(size):
        raise ArenaSearchFailed("the board is lost", probes=[Probe(4096, WORKS), Probe(size, HUNG)])

    with pytest.raises(ArenaSearchFailed) as caught:
        find_minimum(FULL, lost, predicted=2000)
    words = "the board is lost\n2 sizes were tried; the largest that failed is 2,000 bytes, the smallest that works "
    assert caught.value.message == words + "above it 4,096"
    nothing = ArenaSearchFailed("the board is lost", probes=[Probe(16, HUNG)])
    assert nothing.message.endswith("the largest that failed is 16 bytes, none that works was found")
    assert ArenaSearchFailed("nothing to compare with", probes=()).message == "nothing to compare with"


@pytest.mark.parametrize(
    ("head", "tail", "bits", "tensors", "planned", "expected"),
    [
        # sine_int8 and shapes_int8: the plan needs more, and the head does.
        (32, 740, 32, 10, 4, 1152),
        (1536, 1508, 32, 17, 8, 3056),
        (32, 1472, 64, 10, 4, 1952),
        (None, 740, 32, 10, 4, None),
        (32, None, 32, 10, 4, None),
    ],
)
def test_the_prediction(head, tail, bits, tensors, planned, expected):
    arena = Arena(FULL, 0, head, tail, {}, bits)
    assert predict_minimum(arena, tensors=tensors, planned=planned) == expected
