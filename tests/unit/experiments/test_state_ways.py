"""Ways to carry a state, on a host board with the example models."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

pytest.importorskip("tflite_micro", reason="TFLM's wheel exists for x86-64 Linux only")

from harness.bench import Bench
from harness.boards.host.board import HostBoard
from harness.errors import ArenaTooSmall, Misuse, TensorMismatch
from harness.experiments import state_ways
from harness.experiments.state_ways import Carried, NotCarried, StateWays, Way, compare_ways, ways_of
from harness.measure.arena import Arena
from harness.measure.latency import Latency
from harness.models.library import ModelLibrary
from harness.models.reference import ReferenceEngine
from harness.report.state_ways import ways_json, ways_table

ROOT = Path(__file__).parents[3]
LIBRARY = ModelLibrary([ROOT / "test_cases" / "models"])
FED = (Way.STAGED, Way.PRESERVED, Way.NAIVE)
FEED = ((1, 1), (2, 2))


@pytest.fixture(scope="module")
def engine():
    engine = ReferenceEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    bench = Bench(HostBoard(tmp_path_factory.mktemp("boards")), LIBRARY)
    yield bench
    bench.close()


def models(*names):
    return [LIBRARY.find(name) for name in names]


@pytest.mark.parametrize(
    ("name", "given", "ways", "feed"),
    [
        ("lstm_resvar_int8", None, (Way.RESOURCE_VARIABLES,), ()),
        ("accumulator", None, (Way.RESOURCE_VARIABLES,), ()),
        ("lstm_seq_float", None, (Way.VARIABLE_TENSORS,), ()),
        ("svdf_int8", None, (Way.VARIABLE_TENSORS,), ()),
        ("lstm_feedback_int8", None, FED, FEED),
        ("lstm_feedback_float", ((2, 2),), FED, ((2, 2),)),
        ("sine_float", ((0, 0),), FED, ((0, 0),)),
        # What is meant for another one of several models.
        ("lstm_resvar_int8", FEED, (Way.RESOURCE_VARIABLES,), ()),
    ],
)
def test_the_way_is_read_from_the_graph(name, given, ways, feed):
    assert ways_of(LIBRARY.find(name), given) == (ways, feed)


def test_a_model_without_state_has_no_way():
    with pytest.raises(Misuse, match="sine_int8 carries no state") as caught:
        ways_of(LIBRARY.find("sine_int8"))
    assert "--feed" in caught.value.advice
    with pytest.raises(TensorMismatch):
        ways_of(LIBRARY.find("sine_int8"), FEED)


@pytest.mark.parametrize("kind", ["int8", "float"])
def test_four_ways_are_right_and_the_naive_one_is_not(bench, engine, kind):
    told = []
    names = [f"lstm_{form}_{kind}" for form in ("resvar", "seq", "feedback")]
    found = compare_ways(bench, models(*names), engine, steps=12, on_progress=told.append)
    assert [row.way for row in found.rows] == [Way.RESOURCE_VARIABLES, Way.VARIABLE_TENSORS, *FED]
    assert [row.right for row in found.rows] == [True, True, True, True, False]
    assert found.right
    variables, fused, staged, preserved, naive = found.rows
    # The forecast of int8 is lost when it is read; of float the cell state, and all that follows from it.
    assert (naive.difference.step, naive.difference.differing_steps) == (0, 12)
    assert naive.difference.output == {"int8": 0, "float": 2}[kind]
    assert all(row.latency.count == 11 and row.latency.cold_us > 0 and row.arena.minimum > 0 for row in found.rows)
    assert preserved.arena.minimum > 2 * staged.arena.minimum
    assert naive.arena == staged.arena
    assert (staged.aside, preserved.aside, naive.aside, fused.aside) == ({"int8": 36, "float": 96}[kind], 0, 0, 0)
    # The host board has no profiler, and the fused operator no figure of its own.
    assert variables.carrying_us is None and fused.carrying_us is None
    assert variables.step_us == variables.latency.median
    assert staged.carrying_us > 0 and staged.step_us == staged.latency.median + staged.carrying_us
    assert told == [f"{row.model.name}: {row.way.value}" for row in found.rows]


def test_a_lone_step_shows_no_state(bench, engine):
    with pytest.raises(Misuse, match="two steps at least"):
        compare_ways(bench, models("lstm_seq_int8"), engine, steps=1)


def test_mistakes_are_told_before_anything_is_measured(engine):
    with pytest.raises(Misuse, match="sine_int8 carries no state"):
        compare_ways(None, models("lstm_seq_int8", "sine_int8"), engine)


def test_a_way_that_does_not_fit_is_a_row_and_no_end(bench, engine, monkeypatch):
    minimum = state_ways.minimum_arena

    def small_board(bench, model, *, opening):
        if opening.preserve_all_tensors:
            raise ArenaTooSmall(arena=212_992, requested=272_148, available=212_000, missing=60_148)
        return minimum(bench, model, opening=opening)

    monkeypatch.setattr(state_ways, "minimum_arena", small_board)
    found = compare_ways(bench, models("lstm_feedback_int8"), engine, steps=4)
    assert [type(row) for row in found.rows] == [Carried, NotCarried, Carried]
    assert not found.right
    assert "missing 60,148 bytes" in found.rows[1].why
    assert "60,148" in shown(found)
    assert ways_json(found)["ways"][1]["why_not"] == found.rows[1].why


def test_the_cost_of_variables_is_that_of_their_operators():
    times = {"CALL_ONCE": 50, "VAR_HANDLE": 1, "READ_VARIABLE": 2, "MUL": 90, "ASSIGN_VARIABLE": 4}
    ops = [SimpleNamespace(name=name, microseconds=us) for name, us in times.items()]
    session = SimpleNamespace(profile=lambda *inputs, repeats: SimpleNamespace(ops=ops))
    run = SimpleNamespace(feed_us=(90.0, 5.0, 6.0, 7.0))
    with_profiler, without = (
        SimpleNamespace(identity=SimpleNamespace(features=features)) for features in (("profile",), ())
    )
    cost = state_ways._cost
    assert cost(with_profiler, session, Way.RESOURCE_VARIABLES, [()], run) == 7
    assert cost(without, session, Way.RESOURCE_VARIABLES, [()], run) is None
    assert cost(with_profiler, session, Way.VARIABLE_TENSORS, [()], run) is None
    # The first step of a fed one is cold, as the first invoke is.
    assert cost(without, session, Way.NAIVE, [()], run) == 6


# --- what is shown --------------------------------------------------------------------------------------------------


def shown(found, width=80):
    text = io.StringIO()
    Console(file=text, width=width, highlight=False).print(ways_table(found))
    return text.getvalue()


@pytest.fixture
def found():
    difference = SimpleNamespace(step=1, differing_steps=63)

    def row(way, name, carrying, wrong=None):
        arena = Arena(size=212_992, used=2412, head=320, tail=2092, categories={}, pointer_bits=32, minimum=3520)
        latency = Latency((664.7, 665.1), 700.0)
        return Carried(way, LIBRARY.find(name), arena, 36 * (way is Way.STAGED), latency, carrying, 64, wrong)

    rows = (
        row(Way.RESOURCE_VARIABLES, "lstm_resvar_int8", 17.78),
        row(Way.VARIABLE_TENSORS, "lstm_seq_int8", None),
        row(Way.STAGED, "lstm_feedback_int8", 10.75),
        row(Way.PRESERVED, "lstm_feedback_int8", 7.816),
        row(Way.NAIVE, "lstm_feedback_int8", 7.84, difference),
    )
    return StateWays(rows, "emulator", 32, 64, 0)


def test_the_table_has_all_rows_in_eighty_columns(found):
    text = shown(found)
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())
    for words in ("resource variables", "variable tensors", "fed back, staged", "fed back, preserved", "36 B"):
        assert words in text
    assert "in operator" in text and "17.78 us" in text and "/ 3,520 B" in text
    assert text.count("= reference") == 4
    assert "WRONG since" in text and "step 2" in text
    assert "1/64 right" in text and "docs/state.md" in text
    assert "a Pico needs fewer" not in text
    assert "a Pico needs fewer" in shown(replace(found, pointer_bits=64))


def test_values_for_programs(found):
    told = json.loads(json.dumps(ways_json(found)))
    assert told["right"] is True and told["steps"] == 64
    naive = told["ways"][4]
    assert (naive["way"], naive["must_be_right"], naive["right"], naive["wrong_since_step"]) == (
        "naive", False, False, 1
    )  # fmt: skip
    assert told["ways"][2]["aside_bytes"] == 36
    assert told["ways"][2]["step_us"] == pytest.approx(664.9 + 10.75)
    assert told["ways"][0]["step_us"] == pytest.approx(664.9)


@pytest.mark.parametrize("place", range(4))
def test_one_wrong_row_of_the_four_is_not_right(found, place):
    rows = list(found.rows)
    rows[place] = replace(rows[place], difference=rows[4].difference)
    assert found.right and not replace(found, rows=tuple(rows)).right
