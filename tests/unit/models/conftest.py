"""Small models, built in memory with the schema's object API that comes with TFLM's wheel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np
import pytest


@pytest.fixture(scope="session")
def fb() -> Any:
    """The schema's object API."""
    return pytest.importorskip("tflite_micro.tensorflow.lite.micro.python.schema_py_generated")


@pytest.fixture(scope="session")
def pack() -> Callable[[Any], bytes]:
    """Writes a ModelT as a .tflite."""

    def write(model: Any) -> bytes:
        builder = flatbuffers.Builder(4096)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    return write


def _tensor(fb: Any, name: str, shape: list[int], kind: int, buffer: int = 0, scale: list[float] | None = None) -> Any:
    tensor = fb.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name.encode(), shape, kind, buffer
    if scale is not None:
        tensor.quantization = fb.QuantizationParametersT()
        tensor.quantization.scale = scale
        tensor.quantization.zeroPoint = [0] * len(scale)
    return tensor


def _code(fb: Any, number: int, custom: bytes | None = None) -> Any:
    code = fb.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version, code.customCode = number, min(number, 127), 1, custom
    return code


def _operator(fb: Any, code: int, inputs: list[int], outputs: list[int], options: Any = None) -> Any:
    operator = fb.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, outputs
    if options is not None:
        name = type(options).__name__.removesuffix("T")
        operator.builtinOptionsType, operator.builtinOptions = getattr(fb.BuiltinOptions, name), options
    return operator


def _subgraph(fb: Any, tensors: list[Any], inputs: list[int], outputs: list[int], operators: list[Any]) -> Any:
    subgraph = fb.SubGraphT()
    subgraph.tensors, subgraph.inputs, subgraph.outputs, subgraph.operators = tensors, inputs, outputs, operators
    subgraph.name = b"main"
    return subgraph


def _buffer(fb: Any, data: bytes | None = None) -> Any:
    buffer = fb.BufferT()
    buffer.data = None if data is None else np.frombuffer(data, np.uint8)
    return buffer


def _model(fb: Any, codes: list[Any], subgraphs: list[Any], buffers: list[Any]) -> Any:
    model = fb.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, codes, subgraphs, buffers
    model.description = b"made for a test"
    return model


@pytest.fixture
def dense(fb: Any) -> Any:
    """int8 [1, 4] -> FULLY_CONNECTED with weights per channel and an int32 bias -> RESHAPE -> int8 [3]."""
    return make_dense(fb)


def make_dense(fb: Any) -> Any:
    tensors = [
        _tensor(fb, "x", [1, 4], fb.TensorType.INT8, scale=[0.5]),
        _tensor(fb, "weights", [3, 4], fb.TensorType.INT8, buffer=1, scale=[0.1, 0.2, 0.3]),
        _tensor(fb, "bias", [3], fb.TensorType.INT32, buffer=2, scale=[0.05, 0.1, 0.15]),
        _tensor(fb, "sum", [1, 3], fb.TensorType.INT8, scale=[0.25]),
        _tensor(fb, "y", [3], fb.TensorType.INT8, scale=[0.25]),
    ]
    tensors[4].quantization.zeroPoint = [-7]
    reshape = fb.ReshapeOptionsT()
    reshape.newShape = [3]
    operators = [
        _operator(fb, 0, [0, 1, 2], [3], fb.FullyConnectedOptionsT()),
        _operator(fb, 1, [3, -1], [4], reshape),
    ]
    buffers = [_buffer(fb), _buffer(fb, bytes(range(12))), _buffer(fb, bytes(12))]
    return _model(fb, [_code(fb, 9), _code(fb, 22)], [_subgraph(fb, tensors, [0], [4], operators)], buffers)


@pytest.fixture
def counter(fb: Any) -> Any:
    """Two resource variables, one set by a CALL_ONCE subgraph, a variable tensor and a custom operator."""
    return make_counter(fb)


def make_counter(fb: Any) -> Any:
    def handle(name: bytes) -> Any:
        options = fb.VarHandleOptionsT()
        options.container, options.sharedName = b"", name
        return options

    once = fb.CallOnceOptionsT()
    once.initSubgraphIndex = 1
    kinds = fb.TensorType
    tensors = [
        _tensor(fb, "x", [1], kinds.FLOAT32),
        _tensor(fb, "handle", [], kinds.RESOURCE),
        _tensor(fb, "state", [1, 2], kinds.FLOAT32),
        _tensor(fb, "y", [1], kinds.FLOAT32),
        _tensor(fb, "other", [], kinds.RESOURCE),
    ]
    tensors[2].isVariable = True
    main = _subgraph(
        fb,
        tensors,
        [0],
        [3],
        [
            _operator(fb, 0, [], [], once),
            _operator(fb, 1, [], [1], handle(b"count")),
            _operator(fb, 1, [], [4], handle(b"total")),
            _operator(fb, 2, [0, 2], [3]),
        ],
    )
    start = [_tensor(fb, "handle", [], kinds.RESOURCE), _tensor(fb, "ten", [1], kinds.FLOAT32, buffer=1)]
    init = _subgraph(
        fb,
        start,
        [],
        [],
        [
            _operator(fb, 1, [], [0], handle(b"count")),
            _operator(fb, 3, [0, 1], [], fb.AssignVariableOptionsT()),
        ],
    )
    codes = [_code(fb, 129), _code(fb, 142), _code(fb, 32, b"MyOp"), _code(fb, 144)]
    return _model(fb, codes, [main, init], [_buffer(fb), _buffer(fb, np.float32(10).tobytes())])


@pytest.fixture(scope="session")
def dense_bytes(fb: Any, pack: Callable[[Any], bytes]) -> bytes:
    return pack(make_dense(fb))


@pytest.fixture(scope="session")
def counter_bytes(fb: Any, pack: Callable[[Any], bytes]) -> bytes:
    return pack(make_counter(fb))
