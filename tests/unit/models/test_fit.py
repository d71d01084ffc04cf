import re
from pathlib import Path

import numpy as np
import pytest

from harness.models.fit import PICO_ARENA_BYTES, OpCount, findings, operators
from harness.models.memory import least_arena
from harness.models.tflite import load, parse
from test_cases.training.graph import NO_TENSOR, GraphBuilder

ROOT = Path(__file__).parents[3]
MODELS = ROOT / "test_cases" / "models"


def found(model, **given):
    given = {"stored": 1000, "capacity": 1000, **given}
    return {finding.what: finding for finding in findings(model, **given)}


def adds(*shapes):
    """A model of ADDs, one for each shape, each of two inputs of its own."""
    builder = GraphBuilder()
    graph = builder.subgraph("main")
    graph.inputs, graph.outputs = [], []
    for index, shape in enumerate(shapes):
        graph.inputs += [graph.tensor(f"{name}{index}", list(shape), "float32") for name in "ab"]
        graph.outputs.append(graph.tensor(f"y{index}", list(shape), "float32"))
        graph.op("ADD", graph.inputs[-2:], graph.outputs[-1:])
    return parse(builder.to_bytes(), "adds")


def test_the_arena_that_firmware_has():
    cmake = (ROOT / "pico_firmware" / "cmake" / "image.cmake").read_text()
    kib = re.search(r"if\(PICO_RP2040\)\s+set\(TFLM_HIL_ARENA_KIB (\d+)\)", cmake)
    assert int(kib[1]) * 1024 == PICO_ARENA_BYTES


def test_memory_is_that_of_the_hungriest_operator():
    # Two inputs and an output of 4 bytes an element, of one operator at a time.
    assert least_arena(adds((1, 100))) == 3 * 400
    assert least_arena(adds((1, 100), (1, 1000), (1, 10))) == 3 * 4000


def test_an_input_that_is_left_out_costs_nothing():
    builder = GraphBuilder()
    graph = builder.subgraph("main")
    graph.inputs = [graph.tensor("a", [1, 600], "float32"), graph.tensor("b", [1, 100], "float32")]
    graph.outputs = [graph.tensor("y", [1, 600], "float32"), graph.tensor("last", [1, 500], "float32")]
    graph.op("FULLY_CONNECTED", [graph.inputs[0], NO_TENSOR, NO_TENSOR], graph.outputs[:1])
    graph.op("FULLY_CONNECTED", [graph.inputs[1], NO_TENSOR, NO_TENSOR], graph.outputs[1:])
    assert least_arena(parse(builder.to_bytes(), "m")) == 2 * 2400


def test_constants_cost_nothing_and_variables_are_there_always():
    builder = GraphBuilder()
    graph = builder.subgraph("main")
    graph.inputs = [graph.tensor("a", [1, 8], "float32")]
    graph.outputs = [graph.tensor("y", [1, 8], "float32")]
    graph.op("ADD", [graph.inputs[0], graph.constant("c", np.ones((1, 8), np.float32))], graph.outputs)
    assert least_arena(parse(builder.to_bytes(), "m")) == 2 * 32
    # An int16 state of 160, and an SVDF of 8 int8 in and 8 out.
    svdf = load(MODELS / "svdf_int8.tflite")
    assert least_arena(svdf) == 160 * 2 + 8 + 8


def test_a_model_that_fits():
    seen = found(load(MODELS / "sine_int8.tflite"))
    assert all(finding.ok for finding in seen.values()) and list(seen) == ["schema", "operators", "flash", "arena"]
    assert seen["operators"].text == "FULLY_CONNECTED x3"


def test_too_large_for_flash_by_how_much():
    flash = found(load(MODELS / "sine_int8.tflite"), stored=1234, capacity=1000)["flash"]
    assert (flash.ok, flash.text) == (False, "1,234 of 1,000 B of the model pack: 234 B too many")


def test_too_large_for_memory_by_how_much():
    model = adds((1, 20_000))
    assert found(model, arena=240_000)["arena"].ok
    arena = found(model)["arena"]
    assert (arena.ok, arena.text) == (False, "at least 240,000 B needed, 212,992 B there: 27,008 B missing, or more")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("unsupported_op", "the firmware's TFLM has no ATAN2 (x1)"),
        ("custom_op", "the firmware's TFLM has no custom operator NoSuchOp (x1)"),
    ],
)
def test_missing_operators_are_named(name, text):
    finding = found(load(MODELS / "rejected" / f"{name}.tflite"))["operators"]
    assert (finding.ok, finding.text) == (False, text)


def test_a_custom_operator_with_a_builtin_ones_name_is_another():
    builder = GraphBuilder()
    graph = builder.subgraph("main")
    graph.inputs = [graph.tensor("a", [1], "float32")]
    graph.outputs = [graph.tensor("y", [1], "float32")]
    graph.custom_op("ABS", graph.inputs, graph.outputs)
    assert operators(parse(builder.to_bytes(), "m")) == [OpCount("ABS", True, 1, (1,), False)]


def test_versions_are_told():
    (op,) = operators(load(MODELS / "sine_int8.tflite"))
    assert (op.count, op.versions) == (3, (1,))
