"""Models whose structure is sound and whose content is not; each message must name the place and what was expected."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from harness.errors import ModelRejected
from harness.models.verify import verify


def rejected(data: bytes) -> ModelRejected:
    with pytest.raises(ModelRejected) as caught:
        verify(data)
    return caught.value


def test_sound_models_pass(dense_bytes: bytes, counter_bytes: bytes) -> None:
    verify(dense_bytes)
    verify(counter_bytes)


def test_bytes_after_the_model_are_allowed(dense_bytes: bytes) -> None:
    verify(dense_bytes + bytes(64))


@pytest.mark.parametrize("version", [0, 2, 4])
def test_version(dense: Any, pack: Any, version: int) -> None:
    dense.version = version
    assert rejected(pack(dense)).message == f"schema version 3 expected, {version} came"


@pytest.mark.parametrize("part", ["subgraphs", "buffers", "operatorCodes"])
def test_missing_part(dense: Any, pack: Any, part: str) -> None:
    setattr(dense, part, None)
    assert "are missing" in rejected(pack(dense)).message


def test_no_subgraph(dense: Any, pack: Any) -> None:
    dense.subgraphs = []
    assert rejected(pack(dense)).message == "model: at least one subgraph is expected, there is none"


@pytest.mark.parametrize("part", ["tensors", "inputs", "outputs"])
def test_subgraph_without(dense: Any, pack: Any, part: str) -> None:
    setattr(dense.subgraphs[0], part, None)
    assert f"subgraph 0: {part} are missing" in rejected(pack(dense)).message


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("inputs", [0, 5], "subgraph 0 input 1: tensor 5 is out of range: expected 0 to 4"),
        ("inputs", [-1], "subgraph 0 input 0: tensor -1 is out of range: expected 0 to 4"),
        ("outputs", [99], "subgraph 0 output 0: tensor 99 is out of range: expected 0 to 4"),
    ],
)
def test_subgraph_index(dense: Any, pack: Any, where: str, value: list[int], message: str) -> None:
    setattr(dense.subgraphs[0], where, value)
    assert rejected(pack(dense)).message == message


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("inputs", [0, 1, 5], "subgraph 0 operator 0 input 2: tensor 5 is out of range: expected 0 to 4, or -1"),
        ("inputs", [0, -2], "subgraph 0 operator 0 input 1: tensor -2 is out of range: expected 0 to 4, or -1"),
        ("outputs", [-1], "subgraph 0 operator 0 output 0: tensor -1 is out of range: expected 0 to 4"),
        ("intermediates", [7], "subgraph 0 operator 0 intermediate 0: tensor 7 is out of range: expected 0 to 4"),
        ("opcodeIndex", 2, "subgraph 0 operator 0: operator code 2 is out of range: expected 0 to 1"),
    ],
)
def test_operator_index(dense: Any, pack: Any, where: str, value: Any, message: str) -> None:
    setattr(dense.subgraphs[0].operators[0], where, value)
    assert rejected(pack(dense)).message == message


@pytest.mark.parametrize(
    ("index", "field", "value", "message"),
    [
        (0, "buffer", 3, "subgraph 0 tensor 0: buffer 3 is out of range: expected 0 to 2"),
        (0, "type", 23, "subgraph 0 tensor 0: type 23 is unknown: expected 0 to 22"),
        (0, "type", -1, "subgraph 0 tensor 0: type -1 is unknown: expected 0 to 22"),
        (0, "shape", [1] * 33, "subgraph 0 tensor 0: 33 dimensions: at most 32 are expected"),
        (
            0,
            "shape",
            [-1, 4],
            "subgraph 0 tensor 0: dimension 0 of its shape [-1, 4] is -1 (a dynamic dimension); TFLM needs fixed sizes",
        ),
        (0, "shape", [1, -4], "subgraph 0 tensor 0: dimension 1 of its shape [1, -4] is -4; TFLM needs fixed sizes"),
        (
            0,
            "shape",
            [65536, 32768],
            "subgraph 0 tensor 0: shape [65536, 32768] makes 2,147,483,648 elements: more than 31 bits can count",
        ),
        (
            0,
            "shape",
            [65536, 65536, 0],
            "subgraph 0 tensor 0: shape [65536, 65536, 0] makes 4,294,967,296 elements: more than 31 bits can count",
        ),
        (1, "shape", [3, 5], "subgraph 0 tensor 1: 15 bytes are expected in its buffer 1 for INT8[3, 5], there are 12"),
        (2, "type", 4, "subgraph 0 tensor 2: 24 bytes are expected in its buffer 2 for INT64[3], there are 12"),
    ],
)
def test_tensor(dense: Any, pack: Any, index: int, field: str, value: Any, message: str) -> None:
    setattr(dense.subgraphs[0].tensors[index], field, value)
    assert rejected(pack(dense)).message == message


def test_bytes_count_against_31_bits_too(dense: Any, pack: Any) -> None:
    dense.subgraphs[0].tensors[0].shape, dense.subgraphs[0].tensors[0].type = [1 << 29], 0
    assert "makes 2,147,483,648 bytes" in rejected(pack(dense)).message


def test_dynamic_dimensions_are_explained(dense: Any, pack: Any) -> None:
    dense.subgraphs[0].tensors[0].shape = [-1, 4]
    assert "fixed input shape" in rejected(pack(dense)).advice


def test_a_signature_shape_may_be_dynamic(dense: Any, pack: Any) -> None:
    dense.subgraphs[0].tensors[0].shapeSignature = [-1, 4]
    verify(pack(dense))


def test_packed_int4_constants(dense: Any, pack: Any, fb: Any) -> None:
    weights = dense.subgraphs[0].tensors[1]
    weights.type, dense.buffers[1].data = fb.TensorType.INT4, np.zeros(6, np.uint8)
    verify(pack(dense))
    dense.buffers[1].data = np.zeros(12, np.uint8)
    assert "6 bytes are expected" in rejected(pack(dense)).message
    # An odd number of them leaves half a byte over.
    weights.shape, weights.quantization, dense.buffers[1].data = [3, 3], None, np.zeros(5, np.uint8)
    verify(pack(dense))


def test_sparse_constants_are_packed(dense: Any, pack: Any, fb: Any) -> None:
    weights = dense.subgraphs[0].tensors[1]
    weights.sparsity, dense.buffers[1].data = fb.SparsityParametersT(), np.zeros(4, np.uint8)
    verify(pack(dense))


def test_a_compressed_model_is_named_as_such(dense: Any, pack: Any, fb: Any) -> None:
    entry = fb.MetadataT()
    entry.name, entry.buffer = b"COMPRESSION_METADATA", 0
    dense.metadata, dense.buffers[1].data = [entry], np.zeros(5, np.uint8)
    assert "compression" in rejected(pack(dense)).advice


def test_data_outside_the_flatbuffer(dense: Any, pack: Any) -> None:
    dense.buffers[1].offset, dense.buffers[1].size = 4096, 12
    assert "buffer 1: its data lie outside the flatbuffer" in rejected(pack(dense)).message


def test_data_in_another_file(dense: Any, pack: Any) -> None:
    dense.subgraphs[0].tensors[1].externalBuffer = 1
    assert "subgraph 0 tensor 1: its data lie in an external file" in rejected(pack(dense)).message


@pytest.mark.parametrize(
    ("index", "scale", "zero_point", "message"),
    [
        (
            0,
            [float("nan")],
            [0],
            "subgraph 0 tensor 0: quantisation scale 0 is nan: a finite number from 0 is expected",
        ),
        (0, [-0.5], [0], "subgraph 0 tensor 0: quantisation scale 0 is -0.5: a finite number from 0 is expected"),
        (0, [0.5], [128], "subgraph 0 tensor 0: zero point 0 is 128: expected -128 to 127 for type INT8"),
        (2, [0.5], [1 << 31], "subgraph 0 tensor 2: zero point 0 is 2,147,483,648: expected -2,147,483,648 to "),
        (1, [0.1] * 3, [0] * 2, "subgraph 0 tensor 1: 3 zero points expected, one per scale, there are 2"),
        (1, [0.1] * 4, [0] * 4, "subgraph 0 tensor 1: 3 scales expected, one per element of dimension 0 of [3, 4]"),
    ],
)
def test_quantisation(
    dense: Any, pack: Any, index: int, scale: list[float], zero_point: list[int], message: str
) -> None:
    quantization = dense.subgraphs[0].tensors[index].quantization
    quantization.scale, quantization.zeroPoint = scale, zero_point
    assert rejected(pack(dense)).message.startswith(message)


def test_one_zero_point_may_stand_for_all_channels(dense: Any, pack: Any) -> None:
    dense.subgraphs[0].tensors[1].quantization.zeroPoint = [0]
    verify(pack(dense))


def test_quantised_dimension(dense: Any, pack: Any) -> None:
    weights, bias = dense.subgraphs[0].tensors[1:3]
    # Older converters wrote the weights' dimension into the bias.
    bias.quantization.quantizedDimension = 3
    verify(pack(dense))
    weights.quantization.quantizedDimension = 2
    assert "quantized dimension 2 is out of range: expected 0 to 1" in rejected(pack(dense)).message


@pytest.mark.parametrize("part", ["inputs", "outputs"])
@pytest.mark.parametrize("value", [None, []])
def test_operator_without_tensors(dense: Any, pack: Any, part: str, value: Any) -> None:
    setattr(dense.subgraphs[0].operators[1], part, value)
    assert rejected(pack(dense)).message == f"subgraph 0 operator 1: {part} are expected, there are none"


def test_operators_that_need_no_tensors(counter: Any, pack: Any) -> None:
    for operator in counter.subgraphs[0].operators[:2]:
        operator.inputs = None
    counter.subgraphs[0].operators[0].outputs = None
    counter.subgraphs[1].operators[1].outputs = None
    verify(pack(counter))


# --- operators that TFLM follows into other subgraphs and variables -------------------------------------------------


def test_custom_operator_needs_its_code(counter: Any, pack: Any) -> None:
    counter.operatorCodes[2].customCode = None
    assert "operator code 2: a custom operator's custom_code" in rejected(pack(counter)).message


def test_negative_builtin_operator(counter: Any, pack: Any) -> None:
    counter.operatorCodes[0].builtinCode = counter.operatorCodes[0].deprecatedBuiltinCode = -3
    assert "operator code 0: a builtin operator's number is expected, came -3" in rejected(pack(counter)).message


def test_called_subgraph_index(counter: Any, pack: Any) -> None:
    counter.subgraphs[0].operators[0].builtinOptions.initSubgraphIndex = 2
    message = rejected(pack(counter)).message
    assert message == "subgraph 0 operator 0: subgraph 2 is out of range: expected 0 to 1"


def test_call_without_options(counter: Any, pack: Any) -> None:
    counter.subgraphs[0].operators[0].builtinOptions = None
    counter.subgraphs[0].operators[0].builtinOptionsType = 0
    assert "CallOnceOptions are expected, there are none" in rejected(pack(counter)).message


def test_options_of_another_operator(counter: Any, pack: Any, fb: Any) -> None:
    operator = counter.subgraphs[0].operators[0]
    operator.builtinOptions, operator.builtinOptionsType = fb.AddOptionsT(), fb.BuiltinOptions.AddOptions
    assert "CallOnceOptions are expected" in rejected(pack(counter)).message


def test_circle_of_subgraphs(counter: Any, pack: Any) -> None:
    counter.subgraphs[1].operators.append(copy.deepcopy(counter.subgraphs[0].operators[0]))
    assert "subgraph 1: it is in a circle" in rejected(pack(counter)).message


def test_two_calls_of_one_subgraph_are_no_circle(counter: Any, pack: Any) -> None:
    counter.subgraphs[0].operators.append(copy.deepcopy(counter.subgraphs[0].operators[0]))
    verify(pack(counter))


def test_variable_without_shared_name(counter: Any, pack: Any) -> None:
    counter.subgraphs[0].operators[1].builtinOptions.sharedName = None
    assert "no shared_name" in rejected(pack(counter)).message


def test_container_missing_first_and_given_later(counter: Any, pack: Any) -> None:
    counter.subgraphs[0].operators[1].builtinOptions.container = None
    error = rejected(pack(counter))
    assert "'total'" in error.message
    assert 'container ""' in error.advice


# --- metadata -------------------------------------------------------------------------------------------------------


def test_metadata_buffer(dense: Any, pack: Any, fb: Any) -> None:
    entry = fb.MetadataT()
    entry.name, entry.buffer = b"min_runtime_version", 3
    dense.metadata = [entry]
    assert rejected(pack(dense)).message == "metadata 0: buffer 3 is out of range: expected 0 to 2"


def test_offline_memory_plan(dense: Any, pack: Any, fb: Any) -> None:
    entry = fb.MetadataT()
    entry.name, entry.buffer = b"OfflineMemoryAllocation", 0
    dense.metadata = [entry]
    assert "an offline plan of 32 bytes is expected, there are 0" in rejected(pack(dense)).message


def test_signature(dense: Any, pack: Any, fb: Any) -> None:
    signature, entry = fb.SignatureDefT(), fb.TensorMapT()
    entry.name, entry.tensorIndex = b"x", 5
    signature.inputs, signature.outputs = [entry], []
    dense.signatureDefs = [signature]
    assert rejected(pack(dense)).message == "signature 0: tensor 5 is out of range: expected 0 to 4"
    entry.tensorIndex, signature.subgraphIndex = 4, 1
    assert "subgraph 1 is out of range" in rejected(pack(dense)).message
    signature.subgraphIndex = 0
    verify(pack(dense))
