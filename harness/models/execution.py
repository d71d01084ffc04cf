"""Which operators of a model ran, from the names that a profiler was told of in order of execution.

TFLM's profiler is told of an operator's name only, when it begins. An operator that runs another subgraph is followed
by that one's operators. So the names are parsed like a sentence, with the model as grammar: a subgraph is its operators
in order; after CALL_ONCE its subgraph follows or does not; after IF one of two; after WHILE the condition, and any
number of times body and condition. Source: InvokeSubgraph in
tensorflow/lite/micro/micro_interpreter_graph.cc, and the kernels if.cc, while.cc, call_once.cc.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from harness.models.flatbuffer import Flatbuffer
from harness.models.schema_table import CALL_ONCE, IF, TFLITE, WHILE
from harness.models.tflite import OpUse, TfliteModel
from harness.models.verify import operator_number

# A device profiles a few hundred operators; a sentence that takes longer to parse than this is given up.
_MOST_STEPS = 200_000
_MOST_NESTED = 64

_CALLS = {
    CALL_ONCE: ("CallOnceOptions", ("init_subgraph_index",)),
    IF: ("IfOptions", ("then_subgraph_index", "else_subgraph_index")),
    WHILE: ("WhileOptions", ("cond_subgraph_index", "body_subgraph_index")),
}


@dataclass(frozen=True)
class Executed:
    """An operator that ran.

    Attributes:
        op: position in `TfliteModel.ops`.
        depth: how many operators it ran inside of: 0 in the main subgraph.
    """

    op: int
    depth: int


@dataclass(frozen=True)
class _Call:
    kind: int
    subgraphs: tuple[int, ...]


class _TooLong(Exception):
    """The parse was given up."""


def executed_ops(model: TfliteModel, names: Sequence[str]) -> tuple[Executed, ...] | None:
    """The operators with these names, in order of execution; None if that is not certain.

    That is so if the names are not those of an execution of the model, as where a device left some out, or are those of
    several, as where both branches of an IF look the same.

    Args:
        model: one that has been verified.
        names: as the profiler was told.
    """
    parser = _Parser(model, names)
    try:
        whole = (found for end, found in parser.subgraph(0, 0, 0) if end == len(names))
        complete = list(islice(whole, 2))
    except _TooLong:
        return None
    return tuple(_flat(complete[0])) if len(complete) == 1 else None


# A parse as a linked list, newest first: what several parses begin with is not copied.
_Found = tuple["_Found", Executed] | None


def _flat(found: _Found) -> list[Executed]:
    ops: list[Executed] = []
    while found is not None:
        found, op = found
        ops.append(op)
    return ops[::-1]


class _Parser:
    """Parses a sequence of names; a parse is where it ends and the operators up to there."""

    def __init__(self, model: TfliteModel, names: Sequence[str]) -> None:
        self._names = names
        self._steps = 0
        self._ops: list[list[tuple[int, OpUse]]] = []
        for position, op in enumerate(model.ops):
            while len(self._ops) <= op.subgraph:
                self._ops.append([])
            self._ops[op.subgraph].append((position, op))
        self._calls = _calls(model)

    def subgraph(self, number: int, start: int, depth: int, found: _Found = None) -> Iterator[tuple[int, _Found]]:
        """All parses of a subgraph from a position on."""
        if depth > _MOST_NESTED:
            raise _TooLong
        ops = self._ops[number] if number < len(self._ops) else []
        # Depth first, with a stack of our own: a model has more operators than Python has frames.
        stack: list[tuple[int, int, _Found]] = [(0, start, found)]
        while stack:
            index, at, so_far = stack.pop()
            self._step()
            if index == len(ops):
                yield at, so_far
                continue
            position, op = ops[index]
            if at >= len(self._names) or self._names[at] != op.name:
                continue
            after = (so_far, Executed(position, depth))
            call = self._calls.get((number, op.index))
            ends = [(at + 1, after)] if call is None else self._called(call, at + 1, depth + 1, after)
            stack.extend((index + 1, end, parsed) for end, parsed in ends)

    def _called(self, call: _Call, at: int, depth: int, found: _Found) -> Iterator[tuple[int, _Found]]:
        if call.kind == CALL_ONCE:
            yield at, found
        if call.kind in (CALL_ONCE, IF):
            for number in call.subgraphs:
                yield from self.subgraph(number, at, depth, found)
            return
        condition, body = call.subgraphs
        waiting = list(self.subgraph(condition, at, depth, found))
        while waiting:
            end, parsed = waiting.pop()
            yield end, parsed
            for after_body, in_body in self.subgraph(body, end, depth, parsed):
                # An empty turn could be repeated for ever.
                waiting += [turn for turn in self.subgraph(condition, after_body, depth, in_body) if turn[0] > end]

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise _TooLong


def _calls(model: TfliteModel) -> dict[tuple[int, int], _Call]:
    """The operators that run other subgraphs, by subgraph and index."""
    root = Flatbuffer(model.data, TFLITE).root
    numbers = [operator_number(code) for code in root.tables("operator_codes")]
    calls: dict[tuple[int, int], _Call] = {}
    if not any(number in _CALLS for number in numbers):
        return calls
    for where, subgraph in enumerate(root.tables("subgraphs")):
        for index, operator in enumerate(subgraph.tables("operators")):
            kind = numbers[operator.number("opcode_index")]
            if kind in _CALLS:
                member, fields = _CALLS[kind]
                options = operator.union("builtin_options", member)
                targets = tuple(0 if options is None else options.number(name) for name in fields)
                calls[where, index] = _Call(kind, targets)
    return calls
