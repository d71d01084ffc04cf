"""Which operators ran, from their names in order of execution."""

from __future__ import annotations

from typing import Any

import pytest

from harness.models import tflite
from harness.models.execution import executed_ops

ADD, FULLY_CONNECTED, MUL, IF, WHILE, CALL_ONCE, LESS = 0, 9, 18, 118, 119, 129, 58


@pytest.fixture
def model(fb, pack):
    """A model of several subgraphs, each a list of operators: a number, or one with the subgraphs that it runs."""

    def build(*subgraphs: list[Any]) -> tflite.TfliteModel:
        built = fb.ModelT()
        built.version, built.operatorCodes, built.subgraphs, built.buffers = 3, [], [], [fb.BufferT()]
        for number in (ADD, FULLY_CONNECTED, MUL, IF, WHILE, CALL_ONCE, LESS):
            code = fb.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), 1
            built.operatorCodes.append(code)
        numbers = [code.builtinCode for code in built.operatorCodes]
        for operators in subgraphs:
            graph, tensor = fb.SubGraphT(), fb.TensorT()
            tensor.name, tensor.shape, tensor.type, tensor.buffer = b"t", [1], fb.TensorType.FLOAT32, 0
            graph.tensors, graph.inputs, graph.outputs, graph.operators = [tensor], [0], [0], []
            for each in operators:
                number, *targets = each if isinstance(each, tuple) else (each,)
                operator = fb.OperatorT()
                operator.opcodeIndex, operator.inputs, operator.outputs = numbers.index(number), [0], [0]
                if targets:
                    operator.builtinOptionsType, operator.builtinOptions = options(number, targets)
                graph.operators.append(operator)
            built.subgraphs.append(graph)
        return tflite.parse(pack(built), "m")

    def options(number: int, targets: list[int]) -> tuple[int, Any]:
        if number == CALL_ONCE:
            made = fb.CallOnceOptionsT()
            made.initSubgraphIndex = targets[0]
            return fb.BuiltinOptions.CallOnceOptions, made
        if number == IF:
            made = fb.IfOptionsT()
            made.thenSubgraphIndex, made.elseSubgraphIndex = targets
            return fb.BuiltinOptions.IfOptions, made
        made = fb.WhileOptionsT()
        made.condSubgraphIndex, made.bodySubgraphIndex = targets
        return fb.BuiltinOptions.WhileOptions, made

    return build


def told(model: tflite.TfliteModel, *names: str) -> list[tuple[int, int, int]] | None:
    """Subgraph, index and depth of each operator."""
    found = executed_ops(model, names)
    return (
        None
        if found is None
        else [(model.ops[each.op].subgraph, model.ops[each.op].index, each.depth) for each in found]
    )


def test_operators_in_order(model) -> None:
    plain = model([ADD, MUL, ADD])
    assert told(plain, "ADD", "MUL", "ADD") == [(0, 0, 0), (0, 1, 0), (0, 2, 0)]


@pytest.mark.parametrize(
    "names", [(), ("ADD",), ("ADD", "MUL"), ("MUL", "ADD", "ADD"), ("ADD", "MUL", "ADD", "ADD"), ("ADD", "MUL", "?")]
)
def test_other_names_than_the_models_are_not_guessed_at(model, names) -> None:
    assert told(model([ADD, MUL, ADD]), *names) is None


def test_call_once_runs_its_subgraph_the_first_time_only(model) -> None:
    once = model([(CALL_ONCE, 1), ADD], [MUL, FULLY_CONNECTED])
    first = told(once, "CALL_ONCE", "MUL", "FULLY_CONNECTED", "ADD")
    assert first == [(0, 0, 0), (1, 0, 1), (1, 1, 1), (0, 1, 0)]
    assert told(once, "CALL_ONCE", "ADD") == [(0, 0, 0), (0, 1, 0)]


def test_if_runs_one_of_two(model) -> None:
    branches = model([(IF, 1, 2), ADD], [MUL], [FULLY_CONNECTED, FULLY_CONNECTED])
    assert told(branches, "IF", "MUL", "ADD") == [(0, 0, 0), (1, 0, 1), (0, 1, 0)]
    assert told(branches, "IF", "FULLY_CONNECTED", "FULLY_CONNECTED", "ADD") == [
        (0, 0, 0),
        (2, 0, 1),
        (2, 1, 1),
        (0, 1, 0),
    ]
    assert told(branches, "IF", "ADD") is None


def test_branches_that_look_the_same_are_not_certain(model) -> None:
    assert told(model([(IF, 1, 2)], [MUL], [MUL]), "IF", "MUL") is None


def test_while_runs_condition_and_body_in_turn(model) -> None:
    loop = model([(WHILE, 1, 2), ADD], [LESS], [MUL])
    turns = told(loop, "WHILE", "LESS", "MUL", "LESS", "MUL", "LESS", "ADD")
    assert turns == [(0, 0, 0), (1, 0, 1), (2, 0, 1), (1, 0, 1), (2, 0, 1), (1, 0, 1), (0, 1, 0)]
    assert told(loop, "WHILE", "LESS", "ADD") == [(0, 0, 0), (1, 0, 1), (0, 1, 0)]
    # The condition comes last, always.
    assert told(loop, "WHILE", "LESS", "MUL", "ADD") is None


def test_calls_in_calls(model) -> None:
    nested = model([(IF, 1, 2), ADD], [(WHILE, 3, 2)], [MUL], [LESS])
    assert told(nested, "IF", "WHILE", "LESS", "MUL", "LESS", "ADD") == [
        (0, 0, 0),
        (1, 0, 1),
        (3, 0, 2),
        (2, 0, 2),
        (3, 0, 2),
        (0, 1, 0),
    ]


def test_a_loop_that_does_nothing_ends(model) -> None:
    empty = model([(WHILE, 1, 1), ADD], [])
    assert told(empty, "WHILE", "ADD") == [(0, 0, 0), (0, 1, 0)]


def test_names_that_could_be_parsed_in_endless_ways_are_given_up(model) -> None:
    many = model([(IF, 1, 2)] * 40, [ADD], [ADD])
    assert told(many, *["IF", "ADD"] * 40) is None
    assert told(many, *["IF", "ADD"] * 39, "IF") is None


def test_a_thousand_operators_are_no_stack_of_calls(model) -> None:
    long = model([ADD] * 2000)
    assert len(told(long, *["ADD"] * 2000)) == 2000
