"""Which worker gets which test: each is run by exactly one, whatever becomes of the boards."""

from collections import Counter
from types import SimpleNamespace

import pytest

from harness.testing.scheduling import BoardScheduling


class Node:
    """A worker, as the scheduler sees it."""

    def __init__(self, board, number):
        self.board = board
        self.gateway = SimpleNamespace(id=f"gw{number}")
        self.queue = []
        self.shutting_down = False

    def send_runtest_some(self, indices):
        assert not self.shutting_down
        self.queue.extend(indices)

    def shutdown(self):
        self.shutting_down = True


class Run:
    """A run in small: workers take a step each in turn, as pytest-xdist's do.

    Args:
        boards: how many there are.
        tests: how many there are.
        refuses: whether a board passes over a test.
        dies: the tests that a worker's process dies in, once.
    """

    def __init__(self, boards, tests, refuses=lambda board, test: False, dies=()):
        self.ran = []
        self.crashed = []
        self.started = 0
        self.refuses, self.dies = refuses, set(dies)
        self.tests = [f"t{number}" for number in range(tests)]
        self.reports = []
        hook = SimpleNamespace(pytest_collectreport=lambda report: self.reports.append(report))
        self.stopping = False
        self.scheduling = BoardScheduling(
            boards,
            lambda node: node.board,
            lambda node: self.start(node.board),
            lambda: self.stopping,
            SimpleNamespace(hook=hook),
        )
        self.nodes = []
        for board in range(boards):
            self.start(board)

    def start(self, board):
        self.started += 1
        self.nodes.append(Node(board, self.started))

    def collect(self, node):
        self.scheduling.add_node(node)
        self.scheduling.add_node_collection(node, self.tests)
        if self.scheduling.collection_is_completed:
            self.scheduling.schedule()

    def step(self, node):
        """One thing that a worker does; False if it waits."""
        if node not in self.scheduling.nodes:
            self.collect(node)
        elif node.queue and (len(node.queue) > 1 or node.shutting_down):
            index = node.queue.pop(0)
            if index in self.dies:
                self.dies.remove(index)
                self.nodes.remove(node)
                self.scheduling.crashed(node)
                self.crashed.append(self.scheduling.remove_node(node))
                self.start(node.board)
                return True
            if not self.refuses(node.board, index):
                self.ran.append((index, node.board))
                self.scheduling.reported(self.tests[index])
            self.scheduling.mark_test_complete(node, index)
        elif node.shutting_down:
            self.nodes.remove(node)
            assert self.scheduling.remove_node(node) is None
        else:
            return False
        return True

    def to_its_end(self):
        for _ in range(10_000):
            if self.scheduling.tests_finished:
                return self
            moved = [self.step(node) for node in list(self.nodes)]
            assert any(moved) or self.scheduling.tests_finished, "everybody waits"
        raise AssertionError("it does not end")


@pytest.mark.parametrize("boards", [1, 2, 4])
@pytest.mark.parametrize("tests", [0, 1, 2, 3, 4, 5, 40])
def test_every_test_is_run_once_and_the_boards_share_them(boards, tests):
    run = Run(boards, tests).to_its_end()
    assert sorted(index for index, _ in run.ran) == list(range(tests))
    shares = Counter(board for _, board in run.ran)
    assert max(shares.values(), default=0) - min((shares[board] for board in range(boards)), default=0) <= 2
    assert run.started == boards
    assert (run.scheduling.not_run, run.scheduling.handed_on) == ([], 0)


@pytest.mark.parametrize("tests", [1, 2, 3, 4, 5, 40])
@pytest.mark.parametrize("lost_after", [0, 1, 2, 5])
def test_what_a_lost_board_leaves_is_run_by_the_others(tests, lost_after):
    done = Counter()

    def refuses(board, test):
        done[board] += 1
        return board == 1 and done[1] > lost_after

    run = Run(3, tests, refuses).to_its_end()
    assert sorted(index for index, _ in run.ran) == list(range(tests))
    assert Counter(board for _, board in run.ran)[1] <= lost_after
    assert run.scheduling.not_run == []


def test_how_many_were_handed_on_is_counted():
    run = Run(2, 10, lambda board, test: board == 1).to_its_end()
    assert {board for _, board in run.ran} == {0}
    assert run.scheduling.handed_on >= 2


def test_with_all_boards_lost_the_rest_is_told_as_not_run():
    done = Counter()

    def refuses(board, test):
        done[board] += 1
        return done[board] > 2

    run = Run(2, 10, refuses).to_its_end()
    assert len(run.ran) == 4
    assert sorted(run.scheduling.not_run) == sorted(set(run.tests) - {run.tests[index] for index, _ in run.ran})


def test_a_test_for_one_board_only_gets_to_it_even_at_the_end():
    """The other workers have ended before it is passed over: one is started again."""
    run = Run(3, 3, lambda board, test: test == 1 and board != 0).to_its_end()
    assert sorted(run.ran) == [(0, 0), (1, 0), (2, 2)]
    assert run.started > 3


def test_a_board_known_to_be_lost_is_not_started_again():
    run = Run(2, 2, lambda board, test: board == 1 or test == 1)
    run.scheduling.lost(run.nodes[1])
    run.to_its_end()
    assert run.ran == [(0, 0)]
    assert run.scheduling.not_run == ["t1"]
    assert run.started == 2


@pytest.mark.parametrize("boards", [1, 2])
def test_a_worker_that_dies_costs_the_test_that_it_was_in_and_no_other(boards):
    run = Run(boards, 20, dies=[5]).to_its_end()
    assert run.crashed == ["t5"]
    assert sorted(index for index, _ in run.ran) == [index for index in range(20) if index != 5]
    assert run.started == boards + 1


def test_a_test_can_be_asked_for_again():
    run = Run(1, 2)
    run.collect(run.nodes[0])
    run.step(run.nodes[0])
    run.scheduling.mark_test_pending("t0")
    run.to_its_end()
    assert [index for index, _ in run.ran].count(0) == 2


def test_a_run_that_stops_hands_out_no_more():
    run = Run(1, 20)
    run.collect(run.nodes[0])
    run.stopping = True
    while run.step(run.nodes[0]):
        pass
    assert len(run.ran) == 1


def test_a_worker_that_has_collected_other_tests_gets_none_and_is_an_error():
    run = Run(2, 6)
    run.collect(run.nodes[0])
    run.tests = [*run.tests, "extra"]
    run.collect(run.nodes[1])
    run.to_its_end()
    assert {board for _, board in run.ran} == {0}
    assert [report.outcome for report in run.reports] == ["failed"]
